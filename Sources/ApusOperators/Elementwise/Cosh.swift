public import ApusCore
import Glibc

/// Hyperbolic cosine. ONNX Cosh 9, 22.
public struct Cosh: UnaryMath {
  public static var importers: [Importer] { [.onnx("Cosh", since: 9) { _ in Cosh() }] }

  public init() {}
  public func apply(_ x: Double) -> Double { cosh(x) }
}
