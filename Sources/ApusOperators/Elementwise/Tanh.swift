public import ApusCore
import Glibc

/// Hyperbolic tangent. ONNX Tanh 1, 6, 13.
public struct Tanh: UnaryMath {
  public static var importers: [Importer] { [.onnx("Tanh") { _ in Tanh() }] }

  public init() {}
  public func apply(_ x: Double) -> Double { tanh(x) }
}
