public import ApusCore
import ApusOperators

/// Takes the side that a constant condition chooses.
///
/// ```
/// %y = Where({true}, %a, %b)
/// ```
/// goes; its readers read `%a`.
public struct RemoveWhere: Rule {
  public init() {}

  public var patterns: [Pattern] {
    [.op(Where.self, "y", [.constant("condition"), .value("a"), .value("b")])]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> ValueID {
    guard let condition = graph.constant(match.value("condition")), condition.elementCount <= 1 << 16,
      Set(condition.integers()).count == 1
    else { throw Refusal("the condition differs from place to place") }
    let chosen = match.value(condition.integers()[0] != 0 ? "a" : "b")
    guard graph.sameType(chosen, match.value("y")) else { throw Refusal("the shape changes, or is unknown") }
    try graph.checkReplaceable(match.value("y"), by: chosen)
    return chosen
  }

  public func rewrite(_ match: Match, _ chosen: ValueID, _ patch: inout Patch) throws {
    patch.replace(match.value("y"), with: chosen)
  }
}
