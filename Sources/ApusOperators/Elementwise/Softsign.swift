public import ApusCore

/// `x / (1 + |x|)`. ONNX Softsign 1, 22.
public struct Softsign: UnaryMath {
  public static var importers: [Importer] { [.onnx("Softsign") { _ in Softsign() }] }

  public init() {}
  public func apply(_ x: Double) -> Double { x.isInfinite ? (x < 0 ? -1 : 1) : x / (1 + abs(x)) }
}
