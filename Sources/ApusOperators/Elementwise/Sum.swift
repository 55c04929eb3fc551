public import ApusCore

/// Element by element the sum of all inputs, with broadcasting. ONNX Sum 1, 6, 8, 13.
public struct Sum: Variadic {
  public static var importers: [Importer] { [.onnx("Sum") { _ in Sum() }] }

  public init() {}
  public func fold(_ a: Double, _ b: Double) -> Double { a + b }
  public func fold(_ a: Int64, _ b: Int64, unsigned: Bool) -> Int64 { a &+ b }
  public func combine(_ a: Contents.Element, _ b: Contents.Element) -> Contents.Element? { a + b }
}
