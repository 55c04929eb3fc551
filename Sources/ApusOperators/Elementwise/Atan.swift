public import ApusCore
import Glibc

/// Arc tangent in radians. ONNX Atan 7, 22.
public struct Atan: UnaryMath {
  public static var importers: [Importer] { [.onnx("Atan", since: 7) { _ in Atan() }] }

  public init() {}
  public func apply(_ x: Double) -> Double { atan(x) }
}
