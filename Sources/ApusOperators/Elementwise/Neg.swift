public import ApusCore

/// `-x`. ONNX Neg 1, 6, 13.
public struct Neg: UnaryMath {
  public static var importers: [Importer] { [.onnx("Neg") { _ in Neg() }] }
  public static var elementTypes: ElementTypes { .signed }

  public init() {}
  public func apply(_ x: Double) -> Double { -x }
  public func apply(_ x: Int64, unsigned: Bool) -> Int64 { 0 &- x }
  public func combine(_ x: Contents.Element) -> Contents.Element? { Contents.Element(0) - x }
}
