public import ApusCore
import Glibc

/// Logarithm of the sum along axes. ONNX ReduceLogSum 1, 11, 13 (axes as attribute), 18.
public struct ReduceLogSum: Reduction {
  public var keepDims = true
  public var noopWithEmptyAxes = false

  public static var importers: [Importer] { importers(axesInputSince: 18) }

  public init() {}

  func reduce(_ group: ReductionWalk.Group<Double>) -> Double { log(group.reduce(0, +)) }
}
