public import ApusCore

/// Square root of the sum of squares along axes. ONNX ReduceL2 1, 11, 13 (axes as attribute), 18.
public struct ReduceL2: Reduction {
  public var keepDims = true
  public var noopWithEmptyAxes = false

  public static var importers: [Importer] { importers(axesInputSince: 18) }

  public init() {}

  func reduce(_ group: ReductionWalk.Group<Double>) -> Double {
    group.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }
}
