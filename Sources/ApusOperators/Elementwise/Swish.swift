public import ApusCore
import Glibc

/// `x * sigmoid(alpha * x)`. ONNX Swish 24.
public struct Swish: UnaryMath {
  public var alpha = 1.0

  public static var importers: [Importer] {
    [
      .onnx("Swish", since: 24) { node in Swish(alpha: try node.float("alpha", default: 1.0)) },
      .onnx("QuickGelu", domain: "com.microsoft") { node in
        Swish(alpha: try node.float("alpha", default: 1.702))
      },
    ]
  }

  public init() {}
  public init(alpha: Double) { self.alpha = alpha }

  public func apply(_ x: Double) -> Double { x / (1 + exp(-alpha * x)) }
}
