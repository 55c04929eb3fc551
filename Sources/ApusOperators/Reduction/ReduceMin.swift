public import ApusCore

/// Smallest along axes; NaN where one is NaN, the type's largest value where there is none. ONNX ReduceMin 1, 11, 12, 13 (axes as
/// attribute), 18, 20.
public struct ReduceMin: Reduction {
  public var keepDims = true
  public var noopWithEmptyAxes = false

  public static var importers: [Importer] { importers(axesInputSince: 18) }
  static var elementTypes: ElementTypes { .numbersAndBool }

  public init() {}

  func reduce(_ group: ReductionWalk.Group<Double>) -> Double {
    group.reduce(.infinity) { $0.isNaN || $1.isNaN ? .nan : Swift.min($0, $1) }
  }

  func reduce(_ group: ReductionWalk.Group<Int64>, unsigned: Bool) -> Int64 {
    // Flipping the top bit orders UInt64 as Int64.
    let flip = unsigned ? Int64.min : 0
    return group.reduce(Int64.max) { Swift.min($0, $1 ^ flip) } ^ flip
  }

  public func combine(_ a: Contents.Element, _ b: Contents.Element) -> Contents.Element? {
    Min().combine(a, b)
  }
}
