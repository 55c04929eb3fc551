public import ApusCore

/// Square root; NaN below zero. ONNX Sqrt 1, 6, 13.
public struct Sqrt: UnaryMath {
  public static var importers: [Importer] { [.onnx("Sqrt") { _ in Sqrt() }] }

  public init() {}
  public func apply(_ x: Double) -> Double { x.squareRoot() }
}
