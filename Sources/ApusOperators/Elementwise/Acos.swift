public import ApusCore
import Glibc

/// Arc cosine in radians. ONNX Acos 7, 22.
public struct Acos: UnaryMath {
  public static var importers: [Importer] { [.onnx("Acos", since: 7) { _ in Acos() }] }

  public init() {}
  public func apply(_ x: Double) -> Double { acos(x) }
}
