public import ApusCore
import Glibc

/// The error function. ONNX Erf 9, 13.
public struct Erf: UnaryMath {
  public static var importers: [Importer] { [.onnx("Erf", since: 9) { _ in Erf() }] }

  public init() {}
  public func apply(_ x: Double) -> Double { erf(x) }
}
