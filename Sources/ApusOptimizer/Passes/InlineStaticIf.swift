public import ApusCore
import ApusOperators

/// Puts the branch that a constant condition takes in the place of If.
public struct InlineStaticIf: Pass {
  public init() {}

  public func run(_ graph: inout Graph, _ context: PassContext) throws -> Int {
    var changes = 0
    var inlined = true
    while inlined, !context.isExhausted {
      inlined = false
      for id in graph.topologicalOrder() ?? [] {
        guard let branch = takenBranch(of: graph[id], graph) else { continue }
        context.fired(name, at: graph[id].name)
        let symbols = graph.symbolSource()
        let captures = Array(graph[id].inputs.dropFirst())
        let results = try graph.inline(branch, inputs: captures, in: id, rule: name, symbols: symbols)
        try graph.replaceOutputs(of: id, with: results, rule: name, symbols: symbols)
        graph.removeDead()
        inlined = true
        changes += 1
        break
      }
    }
    return changes
  }

  private func takenBranch(of node: Graph.Node, _ graph: Graph) -> Graph? {
    guard let op = node.op as? If, let condition = graph.constant(node.inputs[0]), condition.elementCount == 1
    else {
      return nil
    }
    return condition.integers()[0] != 0 ? op.thenBranch : op.elseBranch
  }
}
