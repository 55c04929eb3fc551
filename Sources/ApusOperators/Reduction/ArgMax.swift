public import ApusCore

/// Position of the largest element along an axis, as INT64. ONNX ArgMax 1, 11, 12, 13.
public struct ArgMax: ArgReduction {
  public var axis = 0
  public var keepDims = true
  public var selectLastIndex = false

  public static var importers: [Importer] { onnxImporters }

  public init() {}
  static func wins(_ a: Double, _ b: Double) -> Bool { a > b }
  static func wins(_ a: Int64, _ b: Int64) -> Bool { a > b }
}
