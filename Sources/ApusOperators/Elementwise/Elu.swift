public import ApusCore
import Glibc

/// `x`, below zero `alpha * (exp(x) - 1)`. ONNX Elu 1, 6, 22.
public struct Elu: UnaryMath {
  public var alpha = 1.0

  public static var importers: [Importer] {
    [.onnx("Elu") { node in Elu(alpha: try node.float("alpha", default: 1.0)) }]
  }

  public init() {}
  public init(alpha: Double) { self.alpha = alpha }

  public func apply(_ x: Double) -> Double { x < 0 ? alpha * expm1(x) : x }
}
