public import ApusCore

/// `a + b` with broadcasting. ONNX Add 7, 13, 14; before 7 with `broadcast` and `axis`.
public struct Add: BinaryArithmetic {
  public static var importers: [Importer] {
    [.onnx("Add", since: 7) { _ in Add() }, .legacyBroadcast("Add") { Add() }]
  }

  public init() {}
  public func apply(_ a: Double, _ b: Double) -> Double { a + b }
  public func apply(_ a: Int64, _ b: Int64, unsigned: Bool) -> Int64 { a &+ b }
  public func combine(_ a: Contents.Element, _ b: Contents.Element, _ dtype: DType) -> Contents.Element? {
    a + b
  }
}
