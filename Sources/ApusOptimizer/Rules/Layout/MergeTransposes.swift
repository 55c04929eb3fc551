public import ApusCore
import ApusOperators

/// Merges two transpositions into one.
///
/// ```
/// %a = Transpose(%x) {permutation: [0, 2, 1]}
/// %y = Transpose(%a) {permutation: [2, 0, 1]}
/// ```
/// becomes
/// ```
/// %y = Transpose(%x) {permutation: [1, 0, 2]}
/// ```
public struct MergeTransposes: Rule {
  public init() {}

  public var patterns: [Pattern] {
    [.op(Transpose.self, "y", [.op(Transpose.self, "a", [.value("x")], shared: true)])]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> [Int] {
    guard let rank = graph.shape(match.value("x"))?.count,
      let first = try? (graph[match.node("a")].op as? Transpose)?.axes(rank: rank),
      let second = try? (graph[match.node("y")].op as? Transpose)?.axes(rank: rank)
    else { throw Refusal("the rank is unknown") }
    return second.map { first[$0] }
  }

  public func rewrite(_ match: Match, _ axes: [Int], _ patch: inout Patch) throws {
    patch.replace(match.value("y"), with: try patch.add(Transpose(axes), [match.value("x")]))
  }
}
