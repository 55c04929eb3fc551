public import ApusCore

/// Sum along axes. ONNX ReduceSum 1, 11 (axes as attribute), 13.
public struct ReduceSum: Reduction {
  public var keepDims = true
  public var noopWithEmptyAxes = false

  public static var importers: [Importer] { importers(axesInputSince: 13) }

  public init() {}

  func reduce(_ group: ReductionWalk.Group<Double>) -> Double { group.reduce(0, +) }
  func reduce(_ group: ReductionWalk.Group<Int64>, unsigned: Bool) -> Int64 { group.reduce(0, &+) }
  public func combine(_ a: Contents.Element, _ b: Contents.Element) -> Contents.Element? { a + b }
}
