public import ApusCore
import Glibc

/// `gamma * x`, below zero `gamma * alpha * (exp(x) - 1)`. ONNX Selu 1 (other defaults), 6, 22.
public struct Selu: UnaryMath {
  public var alpha = 1.67326319217681884765625
  public var gamma = 1.05070102214813232421875

  public static var importers: [Importer] {
    [
      .onnx("Selu", since: 6) { node in
        let defaults = Selu()
        return Selu(
          alpha: try node.float("alpha", default: defaults.alpha),
          gamma: try node.float("gamma", default: defaults.gamma))
      },
      .onnx("Selu", since: 1, until: 5) { node in
        Selu(
          alpha: try node.float("alpha", default: 1.6732), gamma: try node.float("gamma", default: 1.0507))
      },
    ]
  }

  public init() {}

  public init(alpha: Double, gamma: Double) {
    self.alpha = alpha
    self.gamma = gamma
  }

  public func apply(_ x: Double) -> Double { gamma * (x < 0 ? alpha * expm1(x) : x) }
}
