public import ApusCore
import Glibc

/// Inverse hyperbolic cosine. ONNX Acosh 9, 22.
public struct Acosh: UnaryMath {
  public static var importers: [Importer] { [.onnx("Acosh", since: 9) { _ in Acosh() }] }

  public init() {}
  public func apply(_ x: Double) -> Double { acosh(x) }
}
