public import ApusCore
import ApusOperators

/// Removes a Transpose that keeps the order.
///
/// ```
/// %y = Transpose(%x) {permutation: [0, 1]}
/// ```
/// goes; its readers read `%x`.
public struct RemoveTranspose: Rule {
  public init() {}

  public var patterns: [Pattern] {
    [.op(Transpose.self, "y", [.value("x")])]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) {
    try graph.checkReplaceable(match.value("y"), by: match.value("x"))
    guard let rank = graph.shape(match.value("x"))?.count,
      let axes = try? (graph[match.node("y")].op as? Transpose)?.axes(rank: rank), axes == Array(0..<rank)
    else { throw Refusal("the order changes") }
  }

  public func rewrite(_ match: Match, _ finding: Void, _ patch: inout Patch) throws {
    patch.replace(match.value("y"), with: match.value("x"))
  }
}
