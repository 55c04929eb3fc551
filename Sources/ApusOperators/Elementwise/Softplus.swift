public import ApusCore
import Glibc

/// `ln(1 + exp(x))`. ONNX Softplus 1, 22.
public struct Softplus: UnaryMath {
  public static var importers: [Importer] { [.onnx("Softplus") { _ in Softplus() }] }

  public init() {}
  public func apply(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }
}
