public import ApusCore
import ApusOperators

/// Removes a mean, sum, product, maximum or minimum over axes of size 1 that stay.
///
/// ```
/// %y: f32[4,1] = ReduceMean(%x: f32[4,1], {1})
/// ```
/// goes; its readers read `%x`.
public struct RemoveReduction: Rule {
  public init() {}

  public var patterns: [Pattern] {
    [
      .anyOf(
        [ReduceMean.self, ReduceSum.self, ReduceProd.self, ReduceMax.self, ReduceMin.self], "y",
        [.value("x"), .optional(.constant("axes"))])
    ]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) {
    try graph.checkReplaceable(match.value("y"), by: match.value("x"))
    guard graph.sameType(match.value("x"), match.value("y")) else {
      throw Refusal("the shape changes, or is unknown")
    }
    // Equal shapes prove that every reduced axis has size 1: reduced axes that stay become 1.
  }

  public func rewrite(_ match: Match, _ finding: Void, _ patch: inout Patch) throws {
    patch.replace(match.value("y"), with: match.value("x"))
  }
}
