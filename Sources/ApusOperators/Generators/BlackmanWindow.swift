public import ApusCore
import Glibc

/// `0.42 - 0.5 cos(phase) + 0.08 cos(2 phase)`. ONNX BlackmanWindow 17.
public struct BlackmanWindow: WindowFunction {
  public var periodic = true
  public var dtype = DType.f32

  public static var importers: [Importer] { onnxImporters }

  public init() {}
  static func value(_ phase: Double) -> Double { 0.42 - 0.5 * cos(phase) + 0.08 * cos(2 * phase) }
}
