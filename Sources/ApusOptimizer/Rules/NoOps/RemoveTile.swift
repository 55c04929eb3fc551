public import ApusCore
import ApusOperators

/// Removes a Tile that repeats everything once.
///
/// ```
/// %y = Tile(%x, {1, 1})
/// ```
/// goes; its readers read `%x`.
public struct RemoveTile: Rule {
  public init() {}

  public var patterns: [Pattern] {
    [.op(Tile.self, "y", [.value("x"), .value("repeats")])]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) {
    try graph.checkReplaceable(match.value("y"), by: match.value("x"))
    guard let repeats = graph.integers(match.value("repeats")), repeats.allSatisfy({ $0 == 1 }) else {
      throw Refusal("an axis is repeated")
    }
  }

  public func rewrite(_ match: Match, _ finding: Void, _ patch: inout Patch) throws {
    patch.replace(match.value("y"), with: match.value("x"))
  }
}
