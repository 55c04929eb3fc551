public import ApusCore
import ApusOperators

/// Removes an Expand that enlarges nothing.
///
/// ```
/// %y: f32[2,3] = Expand(%x: f32[2,3], %s)
/// ```
/// goes; its readers read `%x`.
public struct RemoveExpand: Rule {
  public init() {}

  public var patterns: [Pattern] {
    [.op(Expand.self, "y", [.value("x"), .value("s")])]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) {
    try graph.checkReplaceable(match.value("y"), by: match.value("x"))
    guard graph.sameType(match.value("x"), match.value("y")) else {
      throw Refusal("the shape changes, or is unknown")
    }
  }

  public func rewrite(_ match: Match, _ finding: Void, _ patch: inout Patch) throws {
    patch.replace(match.value("y"), with: match.value("x"))
  }
}
