public import ApusCore
import Glibc

/// Natural logarithm. ONNX Log 1, 6, 13.
public struct Log: UnaryMath {
  public static var importers: [Importer] { [.onnx("Log") { _ in Log() }] }

  public init() {}
  public func apply(_ x: Double) -> Double { log(x) }
}
