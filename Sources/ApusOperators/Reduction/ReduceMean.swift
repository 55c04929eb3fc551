public import ApusCore

/// Mean along axes; integers are cut towards zero. ONNX ReduceMean 1, 11, 13 (axes as attribute), 18.
public struct ReduceMean: Reduction {
  public var keepDims = true
  public var noopWithEmptyAxes = false

  public static var importers: [Importer] { importers(axesInputSince: 18) }

  public init() {}

  func reduce(_ group: ReductionWalk.Group<Double>) -> Double { group.reduce(0, +) / Double(group.count) }
}
