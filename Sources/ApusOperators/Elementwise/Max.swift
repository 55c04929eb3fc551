public import ApusCore

/// Element by element the largest of all inputs, with broadcasting; NaN where one is NaN. ONNX Max 1, 6, 8, 12, 13.
public struct Max: Variadic {
  public static var importers: [Importer] { [.onnx("Max") { _ in Max() }] }

  public init() {}

  public func fold(_ a: Double, _ b: Double) -> Double { a.isNaN || b.isNaN ? .nan : max(a, b) }

  public func fold(_ a: Int64, _ b: Int64, unsigned: Bool) -> Int64 {
    unsigned ? Int64(bitPattern: max(UInt64(bitPattern: a), UInt64(bitPattern: b))) : max(a, b)
  }

  public func combine(_ a: Contents.Element, _ b: Contents.Element) -> Contents.Element? {
    guard let x = a.dim, let y = b.dim else { return nil }
    if (x - y).isNonNegative { return a }
    if (y - x).isNonNegative { return b }
    return Contents.Element(Dim.max(x, y))
  }
}
