public import ApusCore
import Glibc

/// Tangent of radians. ONNX Tan 7, 22.
public struct Tan: UnaryMath {
  public static var importers: [Importer] { [.onnx("Tan", since: 7) { _ in Tan() }] }

  public init() {}
  public func apply(_ x: Double) -> Double { tan(x) }
}
