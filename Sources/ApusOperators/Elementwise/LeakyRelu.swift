public import ApusCore

/// `x`, below zero `alpha * x`. ONNX LeakyRelu 1, 6, 16.
public struct LeakyRelu: UnaryMath {
  public var alpha = 0.01

  public static var importers: [Importer] {
    [.onnx("LeakyRelu") { node in LeakyRelu(alpha: try node.float("alpha", default: 0.01)) }]
  }

  public init() {}
  public init(alpha: Double) { self.alpha = alpha }

  public func apply(_ x: Double) -> Double { x < 0 ? alpha * x : x }
}
