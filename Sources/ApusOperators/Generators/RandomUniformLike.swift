public import ApusCore

/// Evenly distributed numbers from `low` to before `high`, shaped as the input. ONNX RandomUniformLike 1, 22.
public struct RandomUniformLike: RandomTensor {
  public var low = 0.0
  public var high = 1.0
  public var dtype: DType?
  public var seed: Double?
  var fixedShape: [Int]? { nil }

  public static var importers: [Importer] { importers() }

  public init() {}

  mutating func setParameters(_ node: SourceNode) throws {
    low = try node.float("low", default: 0)
    high = try node.float("high", default: 1)
  }

  func sample(_ source: inout RandomSource) -> Double {
    low + (high - low) * source.uniform()
  }
}
