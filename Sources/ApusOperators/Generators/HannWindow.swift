public import ApusCore
import Glibc

/// `0.5 - 0.5 cos(phase)`. ONNX HannWindow 17.
public struct HannWindow: WindowFunction {
  public var periodic = true
  public var dtype = DType.f32

  public static var importers: [Importer] { onnxImporters }

  public init() {}
  static func value(_ phase: Double) -> Double { 0.5 - 0.5 * cos(phase) }
}
