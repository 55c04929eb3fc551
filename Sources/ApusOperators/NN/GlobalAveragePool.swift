public import ApusCore

/// Mean over all spatial axes, which become 1. ONNX GlobalAveragePool 1, 22.
public struct GlobalAveragePool: GlobalPooling {
  public static var importers: [Importer] { [.onnx("GlobalAveragePool") { _ in GlobalAveragePool() }] }

  public init() {}
  public func reduce(_ plane: ArraySlice<Double>) -> Double { plane.reduce(0, +) / Double(plane.count) }
}
