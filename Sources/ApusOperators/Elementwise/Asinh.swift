public import ApusCore
import Glibc

/// Inverse hyperbolic sine. ONNX Asinh 9, 22.
public struct Asinh: UnaryMath {
  public static var importers: [Importer] { [.onnx("Asinh", since: 9) { _ in Asinh() }] }

  public init() {}
  public func apply(_ x: Double) -> Double { asinh(x) }
}
