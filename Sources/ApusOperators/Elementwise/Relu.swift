public import ApusCore

/// `max(x, 0)`. ONNX Relu 1, 6, 13, 14.
public struct Relu: UnaryMath {
  public static var importers: [Importer] { [.onnx("Relu") { _ in Relu() }] }
  public static var elementTypes: ElementTypes { .numbers }

  public init() {}
  public func apply(_ x: Double) -> Double { x < 0 ? 0 : x }
  public func apply(_ x: Int64, unsigned: Bool) -> Int64 { unsigned ? x : max(x, 0) }
}
