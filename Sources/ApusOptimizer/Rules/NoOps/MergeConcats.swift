public import ApusCore
import ApusOperators

/// Merges a Concat into the one that alone reads it.
///
/// ```
/// %a = Concat(%x, %z) {axis: 1}
/// %y = Concat(%a, %w) {axis: 1}
/// ```
/// becomes
/// ```
/// %y = Concat(%x, %z, %w) {axis: 1}
/// ```
public struct MergeConcats: Rule {
  public struct Finding {
    let inputs: [ValueID?]
    let inner: NodeID
  }

  public init() {}

  public var patterns: [Pattern] { [.op(Concat.self, "y")] }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    let node = graph[match.node("y")]
    guard let rank = graph.shape(match.value("y"))?.count, let outer = node.op as? Concat else {
      throw Refusal("the rank is unknown")
    }
    for (index, input) in node.inputs.enumerated() {
      guard let (inner, op) = graph.solelyRead(input, as: Concat.self),
        (op.axis < 0 ? op.axis + rank : op.axis) == (outer.axis < 0 ? outer.axis + rank : outer.axis)
      else { continue }
      let inputs = node.inputs[..<index] + inner.inputs + node.inputs[(index + 1)...]
      return Finding(inputs: Array(inputs), inner: inner.id)
    }
    throw Refusal("no input is a Concat along the same axis that only this one reads")
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    patch.absorb([finding.inner])
    let op = patch.graph[match.node("y")].op
    patch.replace(match.value("y"), with: try patch.add(op, finding.inputs))
  }
}
