public import ApusCore
import ApusOperators

/// Removes a Concat that puts the parts of a Split together again.
///
/// ```
/// %a, %b = Split(%x) {axis: 1}
/// %y = Concat(%a, %b) {axis: 1}
/// ```
/// goes; its readers read `%x`.
public struct RemoveSplitConcat: Rule {
  public init() {}

  public var patterns: [Pattern] { [.op(Concat.self, "y")] }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> ValueID {
    let node = graph[match.node("y")]
    guard let split = graph.producer(of: node.inputs.first ?? nil), let cut = split.op as? Split,
      let join = node.op as? Concat, split.outputs == node.inputs, let x = split.inputs[0]
    else { throw Refusal("the inputs are not all parts of one Split, in order") }
    guard let rank = graph.shape(x)?.count,
      (cut.axis < 0 ? cut.axis + rank : cut.axis) == (join.axis < 0 ? join.axis + rank : join.axis)
    else { throw Refusal("cut and joined along different axes") }
    try graph.checkReplaceable(match.value("y"), by: x)
    return x
  }

  public func rewrite(_ match: Match, _ x: ValueID, _ patch: inout Patch) throws {
    patch.replace(match.value("y"), with: x)
  }
}
