public import ApusCore

/// Sum of squares along axes. ONNX ReduceSumSquare 1, 11, 13 (axes as attribute), 18.
public struct ReduceSumSquare: Reduction {
  public var keepDims = true
  public var noopWithEmptyAxes = false

  public static var importers: [Importer] { importers(axesInputSince: 18) }

  public init() {}

  func reduce(_ group: ReductionWalk.Group<Double>) -> Double { group.reduce(0) { $0 + $1 * $1 } }

  func reduce(_ group: ReductionWalk.Group<Int64>, unsigned: Bool) -> Int64 {
    group.reduce(0) { $0 &+ $1 &* $1 }
  }
}
