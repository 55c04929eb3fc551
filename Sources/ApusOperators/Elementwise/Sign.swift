public import ApusCore

/// -1, 0 or 1. ONNX Sign 9, 13.
public struct Sign: UnaryMath {
  public static var importers: [Importer] { [.onnx("Sign", since: 9) { _ in Sign() }] }
  public static var elementTypes: ElementTypes { .numbers }

  public init() {}
  public func apply(_ x: Double) -> Double { x > 0 ? 1 : x < 0 ? -1 : x.isNaN ? x : 0 }
  public func apply(_ x: Int64, unsigned: Bool) -> Int64 { unsigned ? (x == 0 ? 0 : 1) : x.signum() }
}
