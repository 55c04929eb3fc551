public import ApusCore

/// `x` where it is above `alpha`, else 0. ONNX ThresholdedRelu 10, 22.
public struct ThresholdedRelu: UnaryMath {
  public var alpha = 1.0

  public static var importers: [Importer] {
    [
      .onnx("ThresholdedRelu", since: 10) { node in
        ThresholdedRelu(alpha: try node.float("alpha", default: 1.0))
      }
    ]
  }

  public init() {}
  public init(alpha: Double) { self.alpha = alpha }

  public func apply(_ x: Double) -> Double { x > alpha ? x : 0 }
}
