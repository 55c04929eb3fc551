public import ApusCore

/// Running sums along an axis. ONNX CumSum 11, 14.
public struct CumSum: Cumulation {
  public var exclusive = false
  public var reverse = false

  public static var importers: [Importer] { importers(since: 11) }
  static var neutral: Int { 0 }

  public init() {}
  static func combine(_ a: Double, _ b: Double) -> Double { a + b }
  static func combine(_ a: Int64, _ b: Int64) -> Int64 { a &+ b }
}
