public import ApusCore
import ApusOperators

/// Reduces before transposing.
///
/// ```
/// %t = Transpose(%x) {permutation: [0, 2, 3, 1]}
/// %y = ReduceMean(%t, {1, 2})
/// ```
/// becomes
/// ```
/// %m = ReduceMean(%x, {2, 3})
/// %y = Transpose(%m) {permutation: [0, 2, 3, 1]}
/// ```
/// Where the reduced axes are dropped, the permutation is of the rest. Others may read the transposed tensor too.
public struct SinkTransposeThroughReduction: Rule {
  public struct Finding {
    let axes: [Int64]
    let order: [Int]
  }

  public init() {}

  public var patterns: [Pattern] {
    [
      .anyOf(
        [ReduceMean.self, ReduceSum.self, ReduceMax.self, ReduceMin.self, ReduceProd.self], "y",
        [.op(Transpose.self, "t", [.value("x")], shared: true), .constant("axes")])
    ]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    guard let rank = graph.shape(match.value("x"))?.count, let given = graph.integers(match.value("axes")),
      !given.isEmpty, let result = graph.shape(match.value("y")),
      let order = try? (graph[match.node("t")].op as? Transpose)?.axes(rank: rank)
    else { throw Refusal("the rank is unknown, or all axes are reduced") }
    let places = Set(given.map { $0 < 0 ? $0 + rank : $0 })
    let axes = order.indices.filter(places.contains).map { order[$0] }
    if result.count == rank { return Finding(axes: axes.map { Int64($0) }, order: order) }
    let kept = order.indices.filter { !places.contains($0) }.map { order[$0] }
    let sorted = kept.sorted()
    return Finding(axes: axes.map { Int64($0) }, order: kept.compactMap { sorted.firstIndex(of: $0) })
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    let op = patch.graph[match.node("y")].op
    let reduced = try patch.add(op, [match.value("x"), patch.constant(Tensor(finding.axes))])
    patch.replace(match.value("y"), with: try patch.add(Transpose(finding.order), [reduced]))
  }
}
