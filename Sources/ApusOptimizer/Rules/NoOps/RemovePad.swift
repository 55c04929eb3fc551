public import ApusCore
import ApusOperators

/// Removes a Pad by nothing.
///
/// ```
/// %y = Pad(%x, {0, 0, 0, 0})
/// ```
/// goes; its readers read `%x`.
public struct RemovePad: Rule {
  public init() {}

  public var patterns: [Pattern] {
    [
      .op(
        Pad.self, "y", [.value("x"), .value("amounts"), .optional(.value("fill")), .optional(.value("axes"))])
    ]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) {
    try graph.checkReplaceable(match.value("y"), by: match.value("x"))
    guard let amounts = graph.integers(match.value("amounts")), amounts.allSatisfy({ $0 == 0 }) else {
      throw Refusal("something is added")
    }
  }

  public func rewrite(_ match: Match, _ finding: Void, _ patch: inout Patch) throws {
    patch.replace(match.value("y"), with: match.value("x"))
  }
}
