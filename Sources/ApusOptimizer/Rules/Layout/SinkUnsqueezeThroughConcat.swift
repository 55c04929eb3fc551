public import ApusCore
import ApusOperators

/// Joins before axes of size 1 are inserted.
///
/// ```
/// %a: f32[n,1,1] = Reshape(%x: f32[n,1], {0, 1, 1})
/// %b: f32[n,1,1] = Reshape(%z: f32[n,1], {0, 1, 1})
/// %y: f32[n,1,2] = Concat(%a, %b) {axis: 2}
/// ```
/// becomes
/// ```
/// %c: f32[n,2] = Concat(%x, %z) {axis: 1}
/// %y: f32[n,1,2] = Reshape(%c, {0, 1, 2})
/// ```
/// where the last axis is joined and stays the last one.
public struct SinkUnsqueezeThroughConcat: Rule {
  public struct Finding {
    let inputs: [ValueID?]
    let axis: Int
    let target: [Int64]
    let nodes: [NodeID]
  }

  public init() {}

  public var patterns: [Pattern] { [.op(Concat.self, "y")] }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    let node = graph[match.node("y")]
    guard let result = graph.shape(match.value("y")), let concat = node.op as? Concat, node.inputs.count > 1,
      concat.axis == -1 || concat.axis == result.count - 1
    else { throw Refusal("not the last axis is joined") }
    var inputs: [ValueID?] = []
    var nodes: [NodeID] = []
    var leading: Shape?
    for input in node.inputs {
      guard let input, let (reshape, _) = graph.solelyRead(input, as: Reshape.self),
        let source = reshape.inputs[0],
        let small = graph.shape(source), let large = graph.shape(input), small.count < large.count,
        small.count >= 2,
        small.last == large.last, small.filter({ $0 != 1 }) == large.filter({ $0 != 1 }),
        leading == nil || leading == small.dropLast()
      else { throw Refusal("not all inputs have axes of size 1 inserted before the last") }
      leading = small.dropLast()
      inputs.append(source)
      nodes.append(reshape.id)
    }
    guard let leading, let last = result.last,
      let target = ReshapeTarget.sizes(from: leading + [last], to: result)
    else { throw Refusal("the result's shape cannot be written down") }
    return Finding(inputs: inputs, axis: leading.count, target: target, nodes: nodes)
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    patch.absorb(finding.nodes)
    let joined = try patch.add(Concat(axis: finding.axis), finding.inputs)
    patch.replace(
      match.value("y"), with: try patch.add(Reshape(), [joined, patch.constant(Tensor(finding.target))]))
  }
}
