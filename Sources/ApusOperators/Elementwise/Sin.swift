public import ApusCore
import Glibc

/// Sine of radians. ONNX Sin 7, 22.
public struct Sin: UnaryMath {
  public static var importers: [Importer] { [.onnx("Sin", since: 7) { _ in Sin() }] }

  public init() {}
  public func apply(_ x: Double) -> Double { sin(x) }
}
