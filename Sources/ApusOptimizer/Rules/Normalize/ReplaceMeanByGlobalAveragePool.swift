public import ApusCore
import ApusOperators

/// Replaces the mean over all spatial axes by GlobalAveragePool.
///
/// ```
/// %y: f32[n,c,1,1] = ReduceMean(%x: f32[n,c,h,w], {2, 3})
/// ```
/// becomes
/// ```
/// %y: f32[n,c,1,1] = GlobalAveragePool(%x)
/// ```
/// with a Reshape behind it when the axes do not stay.
public struct ReplaceMeanByGlobalAveragePool: Rule {
  public struct Finding {
    /// Set when the reduced axes are dropped.
    let target: [Int64]?
  }

  public init() {}

  public var patterns: [Pattern] { [.op(ReduceMean.self, "y", [.value("x"), .constant("axes")])] }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    guard let shape = graph.shape(match.value("x")), (3...5).contains(shape.count),
      graph.dtype(match.value("x"))?.isFloat == true, let axes = graph.integers(match.value("axes")),
      let op = graph[match.node("y")].op as? ReduceMean
    else { throw Refusal("the input is no picture of floats") }
    guard Set(axes.map { $0 < 0 ? $0 + shape.count : $0 }) == Set(2..<shape.count) else {
      throw Refusal("the mean is not over the spatial axes")
    }
    guard !op.keepDims else { return Finding(target: nil) }
    let pooled = Shape(shape[..<2]) + shape[2...].map { _ in 1 }
    guard let target = ReshapeTarget.sizes(from: pooled, to: Shape(shape[..<2])) else {
      throw Refusal("the result's shape cannot be written down")
    }
    return Finding(target: target)
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    var result = try patch.add(GlobalAveragePool(), [match.value("x")])
    if let target = finding.target {
      result = try patch.add(Reshape(), [result, patch.constant(Tensor(target))])
    }
    patch.replace(match.value("y"), with: result)
  }
}
