public import ApusCore
import Glibc

/// `e^x`. ONNX Exp 1, 6, 13.
public struct Exp: UnaryMath {
  public static var importers: [Importer] { [.onnx("Exp") { _ in Exp() }] }

  public init() {}
  public func apply(_ x: Double) -> Double { exp(x) }
}
