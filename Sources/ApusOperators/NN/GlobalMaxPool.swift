public import ApusCore

/// Largest element over all spatial axes, which become 1. ONNX GlobalMaxPool 1, 22.
public struct GlobalMaxPool: GlobalPooling {
  public static var importers: [Importer] { [.onnx("GlobalMaxPool") { _ in GlobalMaxPool() }] }

  public init() {}
  public func reduce(_ plane: ArraySlice<Double>) -> Double { plane.max() ?? -.infinity }
}
