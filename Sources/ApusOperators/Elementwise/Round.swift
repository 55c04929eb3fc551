public import ApusCore

/// Nearest integer, halves to even. ONNX Round 11, 22.
public struct Round: UnaryMath {
  public static var importers: [Importer] { [.onnx("Round", since: 11) { _ in Round() }] }

  public init() {}
  public func apply(_ x: Double) -> Double { x.rounded(.toNearestOrEven) }
  public func combine(_ x: Contents.Element) -> Contents.Element? { x.denominator == 1 ? x : nil }
}
