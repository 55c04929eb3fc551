public import ApusCore
import Glibc

/// Hyperbolic sine. ONNX Sinh 9, 22.
public struct Sinh: UnaryMath {
  public static var importers: [Importer] { [.onnx("Sinh", since: 9) { _ in Sinh() }] }

  public init() {}
  public func apply(_ x: Double) -> Double { sinh(x) }
}
