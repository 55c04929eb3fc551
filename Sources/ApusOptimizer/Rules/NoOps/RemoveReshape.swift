public import ApusCore
import ApusOperators

/// Removes a relabelling of the shape that leaves it as it was.
///
/// ```
/// %y: f32[2,3] = Reshape(%x: f32[2,3], %s)
/// ```
/// goes; its readers read `%x`.
public struct RemoveReshape: Rule {
  public init() {}

  public var patterns: [Pattern] {
    [
      .anyOf(
        [Reshape.self, Flatten.self, Squeeze.self, Unsqueeze.self], "y",
        [.value("x"), .optional(.value("s"))])
    ]
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
