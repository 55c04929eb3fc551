public import ApusCore
import ApusOperators

/// Joins before transposing.
///
/// ```
/// %a = Transpose(%x) {permutation: [0, 2, 1]}
/// %b = Transpose(%z) {permutation: [0, 2, 1]}
/// %y = Concat(%a, %b) {axis: 1}
/// ```
/// becomes
/// ```
/// %c = Concat(%x, %z) {axis: 2}
/// %y = Transpose(%c) {permutation: [0, 2, 1]}
/// ```
public struct SinkTransposeThroughConcat: Rule {
  public struct Finding {
    let axes: [Int]
    let axis: Int
    let inputs: [ValueID?]
    let nodes: [NodeID]
  }

  public init() {}

  public var patterns: [Pattern] { [.op(Concat.self, "y")] }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    let node = graph[match.node("y")]
    guard let rank = graph.shape(match.value("y"))?.count, let concat = node.op as? Concat else {
      throw Refusal("the rank is unknown")
    }
    var axes: [Int]?
    var inputs: [ValueID?] = []
    var nodes: [NodeID] = []
    for input in node.inputs {
      guard let (transpose, order) = graph.passingTranspose(input), order.count == rank,
        axes == nil || axes == order
      else { throw Refusal("not all inputs are transposed alike") }
      axes = order
      inputs.append(transpose.inputs[0])
      nodes.append(transpose.id)
    }
    guard let axes else { throw Refusal("no inputs") }
    let axis = axes[concat.axis < 0 ? concat.axis + rank : concat.axis]
    return Finding(axes: axes, axis: axis, inputs: inputs, nodes: nodes)
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    patch.absorb(finding.nodes)
    let joined = try patch.add(Concat(axis: finding.axis), finding.inputs)
    patch.replace(match.value("y"), with: try patch.add(Transpose(finding.axes), [joined]))
  }
}
