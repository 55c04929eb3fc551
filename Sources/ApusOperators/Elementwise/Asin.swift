public import ApusCore
import Glibc

/// Arc sine in radians. ONNX Asin 7, 22.
public struct Asin: UnaryMath {
  public static var importers: [Importer] { [.onnx("Asin", since: 7) { _ in Asin() }] }

  public init() {}
  public func apply(_ x: Double) -> Double { asin(x) }
}
