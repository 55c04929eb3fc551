public import ApusCore

/// `x + bias` below `-lambda`, `x - bias` above `lambda`, else 0. ONNX Shrink 9.
public struct Shrink: UnaryMath {
  public var lambda = 0.5
  public var bias = 0.0

  public static var importers: [Importer] {
    [
      .onnx("Shrink", since: 9) { node in
        Shrink(lambda: try node.float("lambd", default: 0.5), bias: try node.float("bias", default: 0))
      }
    ]
  }
  public static var elementTypes: ElementTypes { .numbers }

  public init() {}

  public init(lambda: Double, bias: Double) {
    self.lambda = lambda
    self.bias = bias
  }

  public func apply(_ x: Double) -> Double { x < -lambda ? x + bias : x > lambda ? x - bias : 0 }
}
