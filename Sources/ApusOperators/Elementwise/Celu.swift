public import ApusCore
import Glibc

/// `max(x, 0) + min(alpha * (exp(x / alpha) - 1), 0)`. ONNX Celu 12.
public struct Celu: UnaryMath {
  public var alpha = 1.0

  public static var importers: [Importer] {
    [.onnx("Celu", since: 12) { node in Celu(alpha: try node.float("alpha", default: 1.0)) }]
  }

  public init() {}
  public init(alpha: Double) { self.alpha = alpha }

  public func apply(_ x: Double) -> Double { max(x, 0) + min(alpha * expm1(x / alpha), 0) }
}
