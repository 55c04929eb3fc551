public import ApusCore
import ApusOperators

/// Removes Identity.
///
/// ```
/// %y = Identity(%x)
/// ```
/// goes; its readers read `%x`.
public struct RemoveIdentity: Rule {
  public init() {}

  public var patterns: [Pattern] {
    [.op(Identity.self, "y", [.value("x")])]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) {
    try graph.checkReplaceable(match.value("y"), by: match.value("x"))

  }

  public func rewrite(_ match: Match, _ finding: Void, _ patch: inout Patch) throws {
    patch.replace(match.value("y"), with: match.value("x"))
  }
}
