public import ApusCore
import Glibc

/// Normally distributed numbers. ONNX RandomNormal 1, 22.
public struct RandomNormal: RandomTensor {
  public var mean = 0.0
  public var scale = 1.0
  public var dtype: DType?
  public var seed: Double?
  public var shape: [Int] = []
  var fixedShape: [Int]? { shape }

  public static var importers: [Importer] { importers() }

  public init() {}

  mutating func setParameters(_ node: SourceNode) throws {
    mean = try node.float("mean", default: 0)
    scale = try node.float("scale", default: 1)
    shape = try node.require("shape", node.ints("shape", in: 0...Int.max))
  }

  func sample(_ source: inout RandomSource) -> Double {
    // Box and Muller: two uniform numbers make a normal one.
    mean + scale * (-2 * log(1 - source.uniform())).squareRoot() * cos(2 * .pi * source.uniform())
  }
}
