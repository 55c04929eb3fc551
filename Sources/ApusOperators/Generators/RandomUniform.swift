public import ApusCore

/// Evenly distributed numbers from `low` to before `high`. ONNX RandomUniform 1, 22.
public struct RandomUniform: RandomTensor {
  public var low = 0.0
  public var high = 1.0
  public var dtype: DType?
  public var seed: Double?
  public var shape: [Int] = []
  var fixedShape: [Int]? { shape }

  public static var importers: [Importer] { importers() }

  public init() {}

  mutating func setParameters(_ node: SourceNode) throws {
    low = try node.float("low", default: 0)
    high = try node.float("high", default: 1)
    shape = try node.require("shape", node.ints("shape", in: 0...Int.max))
  }

  func sample(_ source: inout RandomSource) -> Double {
    low + (high - low) * source.uniform()
  }
}
