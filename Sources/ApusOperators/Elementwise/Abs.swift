public import ApusCore

/// Absolute value. ONNX Abs 1, 6, 13.
public struct Abs: UnaryMath {
  public static var importers: [Importer] { [.onnx("Abs") { _ in Abs() }] }
  public static var elementTypes: ElementTypes { .numbers }

  public init() {}
  public func apply(_ x: Double) -> Double { abs(x) }
  public func apply(_ x: Int64, unsigned: Bool) -> Int64 { unsigned || x >= 0 ? x : 0 &- x }
  public func combine(_ x: Contents.Element) -> Contents.Element? { x.numerator.isNonNegative ? x : nil }
}
