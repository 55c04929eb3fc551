public import ApusCore
import ApusOperators

/// Removes Dropout outside training.
///
/// ```
/// %y = Dropout(%x)
/// ```
/// goes; its readers read `%x`.
public struct RemoveDropout: Rule {
  public init() {}

  public var patterns: [Pattern] {
    [.op(Dropout.self, "y", [.value("x"), .optional(.value("ratio")), .optional(.value("training"))])]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) {
    try graph.checkReplaceable(match.value("y"), by: match.value("x"))
    let node = graph[match.node("y")]
    guard node.outputs.dropFirst().allSatisfy({ $0 == nil }) else { throw Refusal("the mask is read") }
    if let training = match.optional("training"), graph.constant(training)?.integers() != [0] {
      throw Refusal("it may train")
    }
  }

  public func rewrite(_ match: Match, _ finding: Void, _ patch: inout Patch) throws {
    patch.replace(match.value("y"), with: match.value("x"))
  }
}
