public import ApusCore

/// Replaces values that do not depend on inputs by constants: nodes on constants are evaluated by their references,
/// shape arithmetic that came out as plain numbers is written down.
///
/// A result much larger than what it is made from stays computed, unless it frees weights.
public struct FoldConstants: Pass {
  /// Results up to this size are always folded.
  public static let alwaysBytes = 1 << 20
  /// Larger ones only up to this factor of their inputs.
  public static let growth = 4

  /// Operators that stay even where all that they read is constant.
  private let kept: Set<String>

  public init(keeping kept: Set<String> = []) { self.kept = kept }

  public func run(_ graph: inout Graph, _ context: PassContext) throws -> Int {
    var changes = 0
    for id in graph.topologicalOrder() ?? [] where !context.isExhausted {
      guard graph.contains(id) else { continue }
      if foldKnown(id, &graph) || fold(id, &graph) {
        context.fired("FoldConstants", at: graph[id].name)
        changes += 1
      }
    }
    graph.removeDead()
    return changes
  }

  /// Contents known by inference.
  private func foldKnown(_ id: NodeID, _ graph: inout Graph) -> Bool {
    var folded = false
    for case let output? in graph[id].outputs {
      guard let tensor = graph[output].contents?.tensor, graph[output].constant == nil,
        !graph.isOutput(output)
      else { continue }
      graph.makeConstant(output, tensor)
      folded = true
    }
    return folded
  }

  private func fold(_ id: NodeID, _ graph: inout Graph) -> Bool {
    let node = graph[id]
    guard !node.op.traits.contains(.nondeterministic), !kept.contains(node.opName),
      !node.outputs.contains(where: { $0.map(graph.isOutput) ?? false })
    else { return false }
    var tensors: [Tensor?] = []
    for input in node.inputs {
      guard let input else {
        tensors.append(nil)
        continue
      }
      guard let tensor = graph[input].constant else { return false }
      tensors.append(tensor)
    }
    guard isSmallEnough(node, tensors, graph) else { return false }
    guard let results = try? node.op.evaluateInMemory(Operands(tensors, outputCount: node.outputs.count))
    else {
      return false
    }
    guard zip(node.outputs, results).allSatisfy({ $0 == nil || $1.tensor != nil }),
      results.count >= node.outputs.count
    else { return false }
    for (output, result) in zip(node.outputs, results) {
      if let output, let tensor = result.tensor { graph.makeConstant(output, tensor) }
    }
    return true
  }

  private func isSmallEnough(_ node: Graph.Node, _ inputs: [Tensor?], _ graph: Graph) -> Bool {
    var bytes = 0
    for case let output? in node.outputs {
      guard let type = graph[output].type.tensor, let shape = type.staticShape else { continue }
      bytes += type.dtype.byteCount(shape.elementCount)
    }
    if bytes <= Self.alwaysBytes { return true }
    return bytes <= Self.growth * inputs.reduce(0) { $0 + ($1?.byteCount ?? 0) }
  }
}
