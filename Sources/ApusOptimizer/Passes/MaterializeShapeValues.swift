public import ApusCore
import ApusOperators

/// Lets values that follow from the shapes of the inputs be computed from these alone, by `ShapeExpression`: the
/// Shape, Gather and Concat nodes that did so die, and the tensors whose shapes they read are free to be fused.
public struct MaterializeShapeValues: Pass {
  public init() {}

  public func run(_ graph: inout Graph, _ context: PassContext) throws -> Int {
    let types = graph.inputs.map { graph[$0].type }
    let inputSymbols = Set(types.flatMap { $0.tensor?.shape ?? [] }.compactMap(\.symbolName))
    let symbols = graph.symbolSource()
    var changes = 0
    for id in graph.topologicalOrder() ?? [] where !context.isExhausted {
      let node = graph[id]
      guard !(node.op is ShapeExpression), node.outputs.count == 1, let output = node.outputs[0],
        !graph.isOutput(output), let contents = graph[output].contents,
        contents.symbols.isSubset(of: inputSymbols), isReadForItsElements(output, inputSymbols, graph)
      else { continue }
      let expression = graph.addNode(
        ShapeExpression(contents), [], outputs: [graph[output].name], name: node.name, sources: node.sources,
        rank: node.rank)
      graph.annotate(expression) { $0.history = node.history + ["MaterializeShapeValues"] }
      try graph.inferTypes(of: expression, symbols: symbols)
      guard let result = graph[expression].outputs[0] else { continue }
      graph.swapNames(output, result)
      graph.replaceUses(of: output, with: result)
      context.fired("MaterializeShapeValues", at: node.name)
      changes += 1
    }
    graph.removeDead()
    return changes
  }

  /// Whether a node that will stay reads the value.
  private func isReadForItsElements(_ value: ValueID, _ inputSymbols: Set<String>, _ graph: Graph) -> Bool {
    graph[value].users.contains { user in
      !graph[user].outputs.compactMap { $0 }.allSatisfy { output in
        graph[output].contents.map { $0.symbols.isSubset(of: inputSymbols) } ?? false
      }
    }
  }
}
