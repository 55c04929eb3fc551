public import ApusCore
import ApusOperators

/// Removes a Resize to the size that the tensor has.
///
/// ```
/// %y: f32[1,3,8,8] = Resize(%x: f32[1,3,8,8], _, {1, 1, 1, 1})
/// ```
/// goes; its readers read `%x`.
public struct RemoveResize: Rule {
  public init() {}

  public var patterns: [Pattern] {
    [
      .op(
        Resize.self, "y",
        [.value("x"), .optional(.value("region")), .optional(.value("scales")), .optional(.value("sizes"))])
    ]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) {
    try graph.checkReplaceable(match.value("y"), by: match.value("x"))
    guard let op = graph[match.node("y")].op as? Resize, op.coordinates != .tfCropAndResize else {
      throw Refusal("it crops")
    }
    if let scales = graph.constant(match.optional("scales")), !scales.doubles().allSatisfy({ $0 == 1 }) {
      throw Refusal("a scale differs from 1")
    }
    if graph.constant(match.optional("scales")) == nil, match.optional("sizes") == nil {
      throw Refusal("the scales are computed")
    }
    guard graph.sameType(match.value("x"), match.value("y")) else {
      throw Refusal("the shape changes, or is unknown")
    }
  }

  public func rewrite(_ match: Match, _ finding: Void, _ patch: inout Patch) throws {
    patch.replace(match.value("y"), with: match.value("x"))
  }
}
