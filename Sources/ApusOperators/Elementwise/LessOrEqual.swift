public import ApusCore

/// `a <= b` with broadcasting, as bool. ONNX LessOrEqual 12, 16.
public struct LessOrEqual: Comparison {
  public static var importers: [Importer] {
    [.onnx("LessOrEqual", since: 12) { _ in LessOrEqual() }]
  }

  public init() {}
  public func compare(_ a: Double, _ b: Double) -> Bool { a <= b }
  public func compare(_ a: Int64, _ b: Int64) -> Bool { a <= b }
}
