public import ApusCore
import ApusOperators

/// Removes a Slice that takes everything.
///
/// ```
/// %y: f32[4,3] = Slice(%x: f32[4,3], {0}, {4})
/// ```
/// goes; its readers read `%x`.
public struct RemoveSlice: Rule {
  public init() {}

  public var patterns: [Pattern] {
    [
      .op(
        Slice.self, "y",
        [
          .value("x"), .value("starts"), .value("ends"), .optional(.value("axes")),
          .optional(.value("steps")),
        ])
    ]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) {
    try graph.checkReplaceable(match.value("y"), by: match.value("x"))
    guard graph.sameType(match.value("x"), match.value("y")) else {
      throw Refusal("the shape changes, or is unknown")
    }
    if let steps = match.optional("steps"), graph.integers(steps)?.allSatisfy({ $0 == 1 }) != true {
      throw Refusal("a step may differ from 1")
    }
  }

  public func rewrite(_ match: Match, _ finding: Void, _ patch: inout Patch) throws {
    patch.replace(match.value("y"), with: match.value("x"))
  }
}
