public import ApusCore
import ApusOperators

/// Recognizes `x * hardSigmoid(x)` with slope 1/6 and offset 1/2, in any bracketing.
///
/// ```
/// %s = HardSigmoid(%x) {alpha: 0.16666666666666666, beta: 0.5}
/// %y = Mul(%x, %s)
/// ```
/// becomes
/// ```
/// %y = HardSwish(%x)
/// ```
/// and so does `x * clip(x + 3, 0, 6) / 6`.
public struct RecognizeHardSwish: Rule {
  public struct Finding {
    let x: ValueID
    let nodes: [NodeID]
  }

  public init() {}

  public var patterns: [Pattern] { [.anyOf([Mul.self, Div.self], "y", [.value("a"), .value("b")])] }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    let list = FactorList(match.value("y"), in: graph)
    guard list.factors.count == 2 else { throw Refusal("not two factors") }
    for (x, gate) in [(list.factors[0], list.factors[1]), (list.factors[1], list.factors[0])] {
      if let nodes = gateNodes(gate, x, scale: list.scale, in: graph) {
        guard graph.sameType(x, match.value("y")) else { throw Refusal("a factor enlarges the shape") }
        return Finding(x: x, nodes: list.nodes + nodes)
      }
    }
    throw Refusal("no factor is a hard sigmoid of the other")
  }

  /// Nodes of the gate, when `scale * gate` is the hard sigmoid of `x`.
  private func gateNodes(_ gate: ValueID, _ x: ValueID, scale: Double, in graph: Graph) -> [NodeID]? {
    if let (node, op) = graph.solelyRead(gate, as: HardSigmoid.self) {
      return node.inputs == [x] && near(scale, 1) && near(op.alpha, 1 / 6.0) && near(op.beta, 0.5)
        ? [node.id] : nil
    }
    guard near(scale, 1 / 6.0), let (clip, _) = graph.solelyRead(gate, as: Clip.self), clip.inputs.count == 3,
      graph.scalar(clip.inputs[1]) == 0, graph.scalar(clip.inputs[2]) == 6,
      let (add, _) = graph.solelyRead(clip.inputs[0], as: Add.self), add.inputs.contains(x),
      add.inputs.contains(where: { graph.scalar($0) == 3 })
    else { return nil }
    return [clip.id, add.id]
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    patch.absorb(finding.nodes)
    patch.replace(match.value("y"), with: try patch.add(HardSwish(), [finding.x]))
  }
}
