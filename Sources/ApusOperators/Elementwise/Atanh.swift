public import ApusCore
import Glibc

/// Inverse hyperbolic tangent. ONNX Atanh 9, 22.
public struct Atanh: UnaryMath {
  public static var importers: [Importer] { [.onnx("Atanh", since: 9) { _ in Atanh() }] }

  public init() {}
  public func apply(_ x: Double) -> Double { atanh(x) }
}
