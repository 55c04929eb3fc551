public import ApusCore
import Glibc

/// `25/46 - 21/46 cos(phase)`. ONNX HammingWindow 17.
public struct HammingWindow: WindowFunction {
  public var periodic = true
  public var dtype = DType.f32

  public static var importers: [Importer] { onnxImporters }

  public init() {}
  static func value(_ phase: Double) -> Double { (25 - 21 * cos(phase)) / 46 }
}
