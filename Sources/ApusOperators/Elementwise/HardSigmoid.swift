public import ApusCore

/// `clip(alpha * x + beta, 0, 1)`. ONNX HardSigmoid 1, 6, 22.
public struct HardSigmoid: UnaryMath {
  public var alpha = 0.2
  public var beta = 0.5

  public static var importers: [Importer] {
    [
      .onnx("HardSigmoid") { node in
        HardSigmoid(
          alpha: try node.float("alpha", default: 0.2), beta: try node.float("beta", default: 0.5))
      }
    ]
  }

  public init() {}

  public init(alpha: Double, beta: Double) {
    self.alpha = alpha
    self.beta = beta
  }

  public func apply(_ x: Double) -> Double { x.isNaN ? x : min(max(alpha * x + beta, 0), 1) }
}
