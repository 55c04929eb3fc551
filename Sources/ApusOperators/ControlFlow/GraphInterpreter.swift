public import ApusCore

/// Runs a graph node by node with the operators' references: the meaning of a graph, and the oracle of everything fast.
///
/// The order is planned once, so one interpreter can run many times (bodies of loops do).
public struct GraphInterpreter: Sendable {
  public let graph: Graph
  private let steps: [Step]
  private let slotCount: Int

  /// A node, and the values that nobody reads after it.
  private struct Step: Sendable {
    let node: Graph.Node
    let released: [ValueID]
  }

  /// Throws `ApusError` when the graph has a cycle.
  public init(_ graph: Graph) throws {
    guard let order = graph.topologicalOrder() else {
      let problems = graph.nodesOnCycles().map {
        Problem(.cycle, "the node is on a cycle or behind one", node: $0.name, operator: $0.opName)
      }
      throw ApusError(.invalidModel, problems)
    }
    self.graph = graph
    slotCount = (graph.allValues.map(\.id.index).max() ?? -1) + 1
    var needed = Set(graph.outputs)
    var steps: [Step] = []
    for id in order.reversed() {
      let node = graph[id]
      let touched = Set((node.inputs + node.outputs).compactMap { $0 })
      steps.append(Step(node: node, released: touched.filter { needed.insert($0).inserted }))
    }
    self.steps = steps.reversed()
  }

  /// Runs the graph.
  ///
  /// - Parameters:
  ///   - inputs: One value for each graph input, in order.
  ///   - record: Sees every value that a node computes, when it is computed.
  /// - Returns: The graph's outputs, in order.
  /// - Throws: `ApusError` that names the node whose reference refused.
  public func run(_ inputs: [Value], record: ((Graph.Value, Value) throws -> Void)? = nil) throws -> [Value] {
    guard inputs.count == graph.inputs.count else {
      throw ApusError(
        .invalidInput,
        Problem(.inputMissing, "the graph takes \(graph.inputs.count) inputs, \(inputs.count) were given"))
    }
    var values = [Value?](repeating: nil, count: slotCount)
    for (id, input) in zip(graph.inputs, inputs) { values[id.index] = input }
    let symbols = symbols(inputs)
    for step in steps {
      let results =
        if let shape = (step.node.op as? ShapeExpression)?.evaluate(symbols) {
          [Value.tensor(shape)] as [Value?]
        } else {
          try evaluate(step.node, values)
        }
      for (id, result) in zip(step.node.outputs, results) {
        guard let id, let result else { continue }
        try record?(graph[id], result)
        values[id.index] = result
      }
      for id in step.released { values[id.index] = nil }
    }
    return try graph.outputs.map { id in
      guard let value = value(id, in: values) else {
        throw ApusError(
          .internal, Problem(.internalError, "output '\(graph[id].name)' was not computed"))
      }
      return value
    }
  }

  /// Runs the graph with inputs and outputs by name.
  public func run(
    _ inputs: [String: Value], record: ((Graph.Value, Value) throws -> Void)? = nil
  ) throws -> [String: Value] {
    let ordered = try graph.inputs.map { id in
      guard let input = inputs[graph[id].name] else {
        throw ApusError(
          .invalidInput, Problem(.inputMissing, "the run lacks an input", value: graph[id].name))
      }
      return input
    }
    let names = graph.outputs.map { graph[$0].name }
    return Dictionary(zip(names, try run(ordered, record: record))) { first, _ in first }
  }

  /// What the bare symbols in the types of the inputs stand for.
  private func symbols(_ inputs: [Value]) -> [String: Int] {
    var symbols: [String: Int] = [:]
    for (id, input) in zip(graph.inputs, inputs) {
      guard let shape = graph[id].type.tensor?.shape, let sizes = input.tensor?.shape else { continue }
      for (dim, size) in zip(shape, sizes) { if let name = dim.symbolName { symbols[name] = size } }
    }
    return symbols
  }

  private func value(_ id: ValueID, in values: [Value?]) -> Value? {
    values[id.index] ?? graph[id].constant.map { .tensor($0) }
  }

  /// The outputs of a node; nil for those that its reference leaves out.
  private func evaluate(_ node: Graph.Node, _ values: [Value?]) throws -> [Value?] {
    let inputs = node.inputs.map { $0.flatMap { value($0, in: values) } }
    do {
      for (index, id) in node.inputs.enumerated() where id != nil && inputs[index] == nil {
        throw OperatorError(.wrongInputCount, "input \(index) was not computed")
      }
      let operands = Operands(inputs, outputCount: node.outputs.count)
      // The nodes of bodies are looked at one by one.
      return try node.op is any BodyOperator
        ? node.op.evaluate(operands) : node.op.evaluateInMemory(operands)
    } catch let error as OperatorError {
      let first = node.outputs.compactMap { $0 }.first.map { graph[$0].name } ?? ""
      let name = node.name.isEmpty ? first : node.name
      throw ApusError(.invalidInput, error.problem(node: name, operator: node.opName))
    }
  }
}
