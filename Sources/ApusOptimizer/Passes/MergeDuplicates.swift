public import ApusCore
import ApusOperators

/// Merges nodes that compute the same from the same values, and small constants that are equal.
public struct MergeDuplicates: Pass {
  /// Larger constants are compared by their place in memory only.
  public static let comparedBytes = 4096

  public init() {}

  public func run(_ graph: inout Graph, _ context: PassContext) throws -> Int {
    let changes = mergeConstants(&graph) + mergeNodes(&graph, context)
    graph.removeDead()
    return changes
  }

  /// Where a constant's bytes lie.
  private struct Place: Hashable {
    let storage: ObjectIdentifier
    let offset: Int
    let type: TensorType
  }

  private func mergeConstants(_ graph: inout Graph) -> Int {
    var places: [Place: ValueID] = [:]
    var contents: [Tensor: ValueID] = [:]
    var merged = 0
    for value in graph.allValues {
      guard let tensor = value.constant, !graph.isOutput(value.id), !value.users.isEmpty else { continue }
      let place = Place(
        storage: ObjectIdentifier(tensor.storage), offset: tensor.byteOffset, type: tensor.type)
      var first = tensor.dtype == .string ? nil : places[place]
      if first == nil, tensor.byteCount <= Self.comparedBytes { first = contents[tensor] }
      if let first {
        graph.replaceUses(of: value.id, with: first)
        merged += 1
        continue
      }
      places[place] = value.id
      if tensor.byteCount <= Self.comparedBytes { contents[tensor] = value.id }
    }
    return merged
  }

  /// What two equal nodes have in common.
  private struct Key: Hashable {
    let op: AnyHashable
    let inputs: [ValueID?]
    let outputs: Int
  }

  private func mergeNodes(_ graph: inout Graph, _ context: PassContext) -> Int {
    var known: [Key: NodeID] = [:]
    var merged = 0
    for id in graph.topologicalOrder() ?? [] where !context.isExhausted {
      let node = graph[id]
      guard !node.op.traits.contains(.nondeterministic), !node.inputs.isEmpty, !Self.hasBody(node.op) else {
        continue
      }
      let key = Key(op: AnyHashable(node.op), inputs: node.inputs, outputs: node.outputs.count)
      guard let first = known[key] else {
        known[key] = id
        continue
      }
      guard canMerge(node, graph[first], graph) else { continue }
      for (old, new) in zip(node.outputs, graph[first].outputs) {
        if let old, let new { graph.replaceUses(of: old, with: new) }
      }
      let sources = node.sources
      graph.annotate(first) { $0.sources += sources.filter { !$0.isEmpty } }
      context.fired("MergeDuplicates", at: node.name)
      merged += 1
    }
    return merged
  }

  /// Bodies may draw random numbers.
  private static func hasBody(_ op: any Operator) -> Bool {
    op is If || op is Loop || op is Scan || op is SequenceMap
  }

  private func canMerge(_ node: Graph.Node, _ first: Graph.Node, _ graph: Graph) -> Bool {
    zip(node.outputs, first.outputs).allSatisfy { old, new in
      guard let old else { return true }
      if new == nil { return graph[old].users.isEmpty && !graph.isOutput(old) }
      return !graph.isOutput(old)
    }
  }
}
