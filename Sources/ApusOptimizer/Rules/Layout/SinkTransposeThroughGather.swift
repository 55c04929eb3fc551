public import ApusCore
import ApusOperators

/// Picks an index before transposing.
///
/// ```
/// %t = Transpose(%x) {permutation: [2, 0, 1]}
/// %y = Gather(%t, 1)
/// ```
/// becomes
/// ```
/// %g = Gather(%x, 1) {axis: 2}
/// %y = Transpose(%g) {permutation: [0, 1]}
/// ```
public struct SinkTransposeThroughGather: Rule {
  public struct Finding {
    let axis: Int
    let rest: [Int]
  }

  public init() {}

  public var patterns: [Pattern] {
    [.op(Gather.self, "y", [.op(Transpose.self, "t", [.value("x")], shared: true), .constant("index")])]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    guard graph.constant(match.value("index"))?.rank == 0 else { throw Refusal("the index is no scalar") }
    guard let rank = graph.shape(match.value("x"))?.count, let gather = graph[match.node("y")].op as? Gather,
      let axes = try? (graph[match.node("t")].op as? Transpose)?.axes(rank: rank)
    else { throw Refusal("the rank is unknown") }
    guard graph[match.value("t")].users.allSatisfy({ graph[$0].op is Gather }),
      !graph.isOutput(match.value("t"))
    else { throw Refusal("others read the transposed tensor") }
    let place = gather.axis < 0 ? gather.axis + rank : gather.axis
    var rest = axes
    let axis = rest.remove(at: place)
    return Finding(axis: axis, rest: rest.map { $0 > axis ? $0 - 1 : $0 })
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    let picked = try patch.add(Gather(axis: finding.axis), [match.value("x"), match.value("index")])
    patch.replace(match.value("y"), with: try patch.add(Transpose(finding.rest), [picked]))
  }
}
