import ApusCore
import ApusOperators

extension Graph {
  /// Adds the nodes of a body of the node `id`, and gives what the body's outputs became. Nodes that read constants
  /// alone become constants at once, so that conditions of loops show.
  ///
  /// - Parameters:
  ///   - inputs: One value for each input of the body; nil where it is left out.
  ///   - rule: What is written in the history of the new nodes.
  ///   - suffix: Put behind the names of the new nodes.
  mutating func inline(
    _ body: Graph, inputs: [ValueID?], in id: NodeID, rule: String, suffix: String = "", symbols: SymbolSource
  ) throws -> [ValueID?] {
    let node = self[id]
    var values: [ValueID: ValueID] = [:]
    for (inner, outer) in zip(body.inputs, inputs) { if let outer { values[inner] = outer } }
    for value in body.allValues where values[value.id] == nil {
      if let tensor = value.constant { values[value.id] = addConstant(tensor, name: value.name) }
    }
    for inner in body.topologicalOrder() ?? [] {
      let source = body[inner]
      let operands = source.inputs.map { $0.flatMap { values[$0] } }
      if let results = folded(source, operands) {
        for (old, tensor) in zip(source.outputs, results) {
          if let old { values[old] = addConstant(tensor, name: body[old].name) }
        }
        continue
      }
      let added = addNode(
        source.op, operands, outputs: source.outputs.map { $0.map { body[$0].name } },
        name: source.name.isEmpty ? "" : source.name + suffix,
        sources: source.sources + node.sources, rank: node.rank)
      annotate(added) { $0.history = source.history + node.history + [rule] }
      try inferTypes(of: added, symbols: symbols)
      for (old, new) in zip(source.outputs, self[added].outputs) { if let old, let new { values[old] = new } }
    }
    return body.outputs.map { values[$0] }
  }

  /// Small results of a node on constants; nil where it is none.
  private func folded(_ node: Node, _ operands: [ValueID?]) -> [Tensor]? {
    guard !(node.op is any BodyOperator), !node.op.traits.contains(.nondeterministic),
      node.inputs.count == operands.count
    else { return nil }
    var tensors: [Tensor?] = []
    for (inner, outer) in zip(node.inputs, operands) {
      guard let outer else {
        if inner != nil { return nil }
        tensors.append(nil)
        continue
      }
      guard let tensor = constant(outer) ?? self[outer].contents?.tensor, tensor.elementCount <= 64 else {
        return nil
      }
      tensors.append(tensor)
    }
    let results = try? node.op.evaluateInMemory(Operands(tensors, outputCount: node.outputs.count))
    guard let found = results?.map(\.tensor), found.count >= node.outputs.count else { return nil }
    let small = found.compactMap { $0 }.filter { $0.elementCount <= 64 }
    return small.count == found.count ? small : nil
  }

  /// Makes the readers of a node's outputs read other values; what leaves the graph gets a node of its own.
  mutating func replaceOutputs(of id: NodeID, with values: [ValueID?], rule: String, symbols: SymbolSource)
    throws
  {
    let node = self[id]
    for (output, value) in zip(node.outputs, values) {
      guard let output, var value else { continue }
      if isOutput(output) {
        let copy = addNode(
          Identity(), [value], outputs: [self[output].name], name: node.name, sources: node.sources,
          rank: node.rank)
        annotate(copy) { $0.history = node.history + [rule] }
        try inferTypes(of: copy, symbols: symbols)
        guard let copied = self[copy].outputs[0] else { continue }
        value = copied
      }
      replaceUses(of: output, with: value)
    }
  }
}
