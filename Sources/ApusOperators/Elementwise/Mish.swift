public import ApusCore
import Glibc

/// `x * tanh(softplus(x))`. ONNX Mish 18, 22.
public struct Mish: UnaryMath {
  public static var importers: [Importer] { [.onnx("Mish", since: 18) { _ in Mish() }] }

  public init() {}
  public func apply(_ x: Double) -> Double { x * tanh(max(x, 0) + log1p(exp(-abs(x)))) }
}
