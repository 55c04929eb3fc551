public import ApusCore
import ApusOperators

/// Removes the inverse of an inverse.
///
/// ```
/// %n = Neg(%x)
/// %y = Neg(%n)
/// ```
/// both go; its readers read `%x`.
public struct RemoveDoubleNegation: Rule {
  public init() {}

  public var patterns: [Pattern] {
    [
      .op(Neg.self, "y", [.op(Neg.self, "inner", [.value("x")], shared: true)]),
      .op(Not.self, "y", [.op(Not.self, "inner", [.value("x")], shared: true)]),
    ]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) {
    try graph.checkReplaceable(match.value("y"), by: match.value("x"))

  }

  public func rewrite(_ match: Match, _ finding: Void, _ patch: inout Patch) throws {
    patch.replace(match.value("y"), with: match.value("x"))
  }
}
