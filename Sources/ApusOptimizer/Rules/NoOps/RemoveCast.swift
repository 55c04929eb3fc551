public import ApusCore
import ApusOperators

/// Removes a Cast to the type that the tensor has.
///
/// ```
/// %y: f32[n] = Cast(%x: f32[n]) {to: "f32"}
/// ```
/// goes; its readers read `%x`.
public struct RemoveCast: Rule {
  public init() {}

  public var patterns: [Pattern] {
    [.op(Cast.self, "y", [.value("x")])]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) {
    try graph.checkReplaceable(match.value("y"), by: match.value("x"))
    guard let from = graph.dtype(match.value("x")), from == graph.dtype(match.value("y")) else {
      throw Refusal("the element type changes")
    }
  }

  public func rewrite(_ match: Match, _ finding: Void, _ patch: inout Patch) throws {
    patch.replace(match.value("y"), with: match.value("x"))
  }
}
