public import ApusCore

/// `a >= b` with broadcasting, as bool. ONNX GreaterOrEqual 12, 16.
public struct GreaterOrEqual: Comparison {
  public static var importers: [Importer] {
    [.onnx("GreaterOrEqual", since: 12) { _ in GreaterOrEqual() }]
  }

  public init() {}
  public func compare(_ a: Double, _ b: Double) -> Bool { a >= b }
  public func compare(_ a: Int64, _ b: Int64) -> Bool { a >= b }
}
