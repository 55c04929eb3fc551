public import ApusCore

/// `max(x, 0)`. ONNX Relu 1, 6, 13, 14.
public struct Relu: UnaryMath {
  public static var importers: [Importer] { [.onnx("Relu") { _ in Relu() }] }

  public init() {}
  public func apply(_ x: Double) -> Double { x < 0 ? 0 : x }
}
