public import ApusCore
import Glibc

/// Cosine of radians. ONNX Cos 7, 22.
public struct Cos: UnaryMath {
  public static var importers: [Importer] { [.onnx("Cos", since: 7) { _ in Cos() }] }

  public init() {}
  public func apply(_ x: Double) -> Double { cos(x) }
}
