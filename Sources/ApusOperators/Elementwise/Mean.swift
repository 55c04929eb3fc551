public import ApusCore

/// Element by element the mean of all inputs, with broadcasting. ONNX Mean 1, 6, 8, 13.
public struct Mean: Variadic {
  public static var importers: [Importer] { [.onnx("Mean") { _ in Mean() }] }
  public static var elementTypes: ElementTypes { .floats }

  public init() {}
  public func fold(_ a: Double, _ b: Double) -> Double { a + b }
  public func fold(_ a: Int64, _ b: Int64, unsigned: Bool) -> Int64 { a &+ b }
  public func finish(_ x: Double, count: Int) -> Double { x / Double(count) }
}
