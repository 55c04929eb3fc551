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
        context.fired("InlineStaticIf", at: graph[id].name)
        try inline(branch, for: id, &graph)
        inlined = true
        changes += 1
        break
      }
    }
    graph.removeDead()
    return changes
  }

  private func takenBranch(of node: Graph.Node, _ graph: Graph) -> Graph? {
    guard let op = node.op as? If, let condition = graph.constant(node.inputs[0]), condition.elementCount == 1
    else {
      return nil
    }
    let branch = condition.integers()[0] != 0 ? op.thenBranch : op.elseBranch
    // An output of the graph needs a node of its own behind it.
    let isSafe = zip(node.outputs, branch.outputs).allSatisfy { output, inner in
      output.map { !graph.isOutput($0) || branch[inner].producer != nil } ?? true
    }
    return isSafe ? branch : nil
  }

  private func inline(_ branch: Graph, for id: NodeID, _ graph: inout Graph) throws {
    let node = graph[id]
    let symbols = graph.symbolSource()
    var values: [ValueID: ValueID] = [:]
    for (inner, outer) in zip(branch.inputs, node.inputs.dropFirst()) {
      if let outer { values[inner] = outer }
    }
    for value in branch.allValues where values[value.id] == nil {
      if let tensor = value.constant { values[value.id] = graph.addConstant(tensor, name: value.name) }
    }
    for inner in branch.topologicalOrder() ?? [] {
      let source = branch[inner]
      let added = graph.addNode(
        source.op, source.inputs.map { $0.flatMap { values[$0] } },
        outputs: source.outputs.map { $0.map { branch[$0].name } }, name: source.name,
        sources: source.sources + node.sources, rank: node.rank)
      graph.annotate(added) { $0.history = source.history + node.history + ["InlineStaticIf"] }
      try graph.inferTypes(of: added, symbols: symbols)
      for (old, new) in zip(source.outputs, graph[added].outputs) {
        if let old, let new { values[old] = new }
      }
    }
    for (output, inner) in zip(node.outputs, branch.outputs) {
      if let output, let new = values[inner] { graph.replaceUses(of: output, with: new) }
    }
  }
}
