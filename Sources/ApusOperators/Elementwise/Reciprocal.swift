public import ApusCore

/// `1 / x`. ONNX Reciprocal 1, 6, 13.
public struct Reciprocal: UnaryMath {
  public static var importers: [Importer] { [.onnx("Reciprocal") { _ in Reciprocal() }] }

  public init() {}
  public func apply(_ x: Double) -> Double { 1 / x }
}
