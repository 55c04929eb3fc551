public import ApusCore

/// Logical negation. ONNX Not 1.
public struct Not: UnaryMath {
  public static var importers: [Importer] { [.onnx("Not") { _ in Not() }] }
  public static var elementTypes: ElementTypes { .bool }

  public init() {}
  public func apply(_ x: Double) -> Double { x == 0 ? 1 : 0 }
}
