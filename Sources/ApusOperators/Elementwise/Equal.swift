public import ApusCore

/// `a == b` with broadcasting, as bool; also for bool and strings. ONNX Equal 7, 11, 13, 19; before 7 with `broadcast`
/// and `axis`.
public struct Equal: Comparison {
  public static var importers: [Importer] {
    [.onnx("Equal", since: 7) { _ in Equal() }, .legacyBroadcast("Equal") { Equal() }]
  }
  public static var elementTypes: ElementTypes { .any }

  public init() {}
  public func compare(_ a: Double, _ b: Double) -> Bool { a == b }
  public func compare(_ a: Int64, _ b: Int64) -> Bool { a == b }
  public func compare(_ a: String, _ b: String) -> Bool { a == b }
}
