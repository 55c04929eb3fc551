public import ApusCore

/// Running products along an axis. ONNX CumProd 26.
public struct CumProd: Cumulation {
  public var exclusive = false
  public var reverse = false

  public static var importers: [Importer] { importers(since: 26) }
  static var neutral: Int { 1 }

  public init() {}
  static func combine(_ a: Double, _ b: Double) -> Double { a * b }
  static func combine(_ a: Int64, _ b: Int64) -> Int64 { a &* b }
}
