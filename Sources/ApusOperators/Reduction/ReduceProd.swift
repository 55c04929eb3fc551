public import ApusCore

/// Product along axes. ONNX ReduceProd 1, 11, 13 (axes as attribute), 18.
public struct ReduceProd: Reduction {
  public var keepDims = true
  public var noopWithEmptyAxes = false

  public static var importers: [Importer] { importers(axesInputSince: 18) }

  public init() {}

  func reduce(_ group: ReductionWalk.Group<Double>) -> Double { group.reduce(1, *) }
  func reduce(_ group: ReductionWalk.Group<Int64>, unsigned: Bool) -> Int64 { group.reduce(1, &*) }
  public func combine(_ a: Contents.Element, _ b: Contents.Element) -> Contents.Element? { a * b }
}
