public import ApusCore
import Glibc

/// Logarithm of the sum of exponentials along axes, computed without overflow. ONNX ReduceLogSumExp 1, 11, 13 (axes as attribute), 18.
public struct ReduceLogSumExp: Reduction {
  public var keepDims = true
  public var noopWithEmptyAxes = false

  public static var importers: [Importer] { importers(axesInputSince: 18) }

  public init() {}

  func reduce(_ group: ReductionWalk.Group<Double>) -> Double {
    guard let top = group.max(), top.isFinite else {
      return group.contains { $0.isNaN } ? .nan : group.max() ?? -.infinity
    }
    return top + log(group.reduce(0) { $0 + exp($1 - top) })
  }
}
