public import ApusCore

/// Element by element the smallest of all inputs, with broadcasting; NaN where one is NaN. ONNX Min 1, 6, 8, 12, 13.
public struct Min: Variadic {
  public static var importers: [Importer] { [.onnx("Min") { _ in Min() }] }

  public init() {}

  public func fold(_ a: Double, _ b: Double) -> Double { a.isNaN || b.isNaN ? .nan : min(a, b) }

  public func fold(_ a: Int64, _ b: Int64, unsigned: Bool) -> Int64 {
    unsigned ? Int64(bitPattern: min(UInt64(bitPattern: a), UInt64(bitPattern: b))) : min(a, b)
  }

  public func combine(_ a: Contents.Element, _ b: Contents.Element) -> Contents.Element? {
    guard let x = a.dim, let y = b.dim else { return nil }
    if (x - y).isNonNegative { return b }
    if (y - x).isNonNegative { return a }
    return Contents.Element(Dim.min(x, y))
  }
}
