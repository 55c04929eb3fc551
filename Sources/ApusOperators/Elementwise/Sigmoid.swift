public import ApusCore
import Glibc

/// `1 / (1 + exp(-x))`. ONNX Sigmoid 1, 6, 13.
public struct Sigmoid: UnaryMath {
  public static var importers: [Importer] { [.onnx("Sigmoid") { _ in Sigmoid() }] }

  public init() {}
  public func apply(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
}
