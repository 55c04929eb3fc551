public import ApusCore

/// `a > b` with broadcasting, as bool. ONNX Greater 7, 9, 13; before 7 with `broadcast` and `axis`.
public struct Greater: Comparison {
  public static var importers: [Importer] {
    [.onnx("Greater", since: 7) { _ in Greater() }, .legacyBroadcast("Greater") { Greater() }]
  }

  public init() {}
  public func compare(_ a: Double, _ b: Double) -> Bool { a > b }
  public func compare(_ a: Int64, _ b: Int64) -> Bool { a > b }
}
