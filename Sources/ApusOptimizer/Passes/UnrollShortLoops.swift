public import ApusCore
import ApusOperators

/// Puts the runs of Loop and Scan one after the other where their number is known and small: their nodes then run by
/// kernels and are optimized together.
public struct UnrollShortLoops: Pass {
  /// Most runs of one loop, and most nodes that it may become.
  static let mostRuns = 32
  static let mostNodes = 512

  public init() {}

  public func run(_ graph: inout Graph, _ context: PassContext) throws -> Int {
    var changes = 0
    for id in graph.topologicalOrder() ?? [] where !context.isExhausted {
      let node = graph[id]
      var trial = graph
      switch node.op {
      case let op as Loop: guard try unroll(op, id, &trial) else { continue }
      case let op as Scan: guard try unroll(op, id, &trial) else { continue }
      default: continue
      }
      trial.removeDead()
      graph = trial
      context.fired(name, at: node.name)
      changes += 1
    }
    return changes
  }

  /// Runs follow each other while the condition is known to hold; false where it is not known, or holds too often.
  private func unroll(_ op: Loop, _ id: NodeID, _ graph: inout Graph) throws -> Bool {
    let symbols = graph.symbolSource()
    let inputs = graph[id].inputs
    guard inputs.count == op.body.inputs.count, let limit = limit(inputs[0], graph) else { return false }
    var condition = inputs[1]
    var carried = Array(inputs[2..<2 + op.carriedCount])
    let captured = Array(inputs[(2 + op.carriedCount)...])
    var scanned = [[ValueID]](repeating: [], count: op.body.outputs.count - 1 - op.carriedCount)
    var run = 0
    while run < limit {
      guard let holds = condition.map({ isTrue($0, graph) }) ?? true else { return false }
      if !holds { break }
      guard run < Self.mostRuns, (run + 1) * op.body.nodeCount <= Self.mostNodes else { return false }
      let head = [graph.addConstant(Tensor(scalar: Int64(run))), graph.addConstant(Tensor(scalar: true))]
      let results = try graph.inline(
        op.body, inputs: head + carried + captured, in: id, rule: name, suffix: "/\(run)", symbols: symbols)
      guard results.allSatisfy({ $0 != nil }) else { return false }
      condition = results[0]
      carried = Array(results[1..<1 + op.carriedCount])
      for (place, value) in results.dropFirst(1 + op.carriedCount).enumerated() {
        if let value { scanned[place].append(value) }
      }
      run += 1
    }
    // Without a run, the sizes of what would have been stacked are known to the operator alone.
    guard run > 0 || scanned.isEmpty else { return false }
    let stacks = try scanned.map { try stacked($0, axis: 0, of: id, &graph, symbols) }
    try graph.replaceOutputs(of: id, with: carried + stacks, rule: name, symbols: symbols)
    return true
  }

  /// The largest number of runs; nil: not known.
  private func limit(_ value: ValueID?, _ graph: Graph) -> Int? {
    guard let value else { return .max }
    guard let number = known(value, graph)?.integers().first else { return nil }
    return Int(clamping: max(number, 0))
  }

  private func isTrue(_ value: ValueID, _ graph: Graph) -> Bool? {
    known(value, graph)?.integers().first.map { $0 != 0 }
  }

  private func known(_ value: ValueID, _ graph: Graph) -> Tensor? {
    graph.constant(value) ?? graph[value].contents?.tensor
  }

  private func unroll(_ op: Scan, _ id: NodeID, _ graph: inout Graph) throws -> Bool {
    let symbols = graph.symbolSource()
    let inputs = graph[id].inputs
    let stateCount = inputs.count - op.scanCount - op.captureCount
    guard inputs.count == op.body.inputs.count, stateCount >= 0, let plan = ScanPlan(op, inputs, graph),
      (1...Self.mostRuns).contains(plan.length), plan.length * op.body.nodeCount <= Self.mostNodes
    else { return false }
    var states = Array(inputs[..<stateCount])
    let captured = Array(inputs.suffix(op.captureCount))
    var elements = [[ValueID]](repeating: [], count: op.body.outputs.count - stateCount)
    for run in 0..<plan.length {
      let slices = try plan.scanned.map { scanned -> ValueID? in
        let index = graph.addConstant(Tensor(scalar: Int64(scanned.reversed ? plan.length - 1 - run : run)))
        return try added(Gather(axis: scanned.axis), [scanned.value, index], of: id, &graph, symbols)
      }
      let results = try graph.inline(
        op.body, inputs: states + slices + captured, in: id, rule: name, suffix: "/\(run)", symbols: symbols)
      guard results.allSatisfy({ $0 != nil }) else { return false }
      states = Array(results[..<stateCount])
      for (place, value) in results.dropFirst(stateCount).enumerated() {
        if let value { elements[place].append(value) }
      }
    }
    let stacks = try elements.enumerated().map { place, list -> ValueID? in
      let isReversed = place < op.outputDirections.count && op.outputDirections[place] == 1
      let axis = place < op.outputAxes.count ? op.outputAxes[place] : 0
      return try stacked(isReversed ? list.reversed() : list, axis: axis, of: id, &graph, symbols)
    }
    try graph.replaceOutputs(of: id, with: states + stacks, rule: name, symbols: symbols)
    return true
  }

  /// What a Scan of known length walks along.
  private struct ScanPlan {
    var length = 0
    var scanned: [(value: ValueID, axis: Int, reversed: Bool)] = []

    init?(_ op: Scan, _ inputs: [ValueID?], _ graph: Graph) {
      let first = inputs.count - op.scanCount - op.captureCount
      for place in 0..<op.scanCount {
        let given = place < op.inputAxes.count ? op.inputAxes[place] : 0
        guard let value = inputs[first + place], let shape = graph[value].type.tensor?.shape,
          let axis = try? normalizedAxis(given, rank: shape.count), let size = shape[axis].value,
          place == 0 || size == length
        else { return nil }
        length = size
        let reversed = place < op.inputDirections.count && op.inputDirections[place] == 1
        scanned.append((value, axis, reversed))
      }
    }
  }

  /// Elements side by side along a new axis.
  private func stacked(
    _ elements: [ValueID], axis: Int, of id: NodeID, _ graph: inout Graph, _ symbols: SymbolSource
  ) throws -> ValueID? {
    let axes = graph.addConstant(Tensor([Int64(axis)]))
    let raised = try elements.map { try added(Unsqueeze(), [$0, axes], of: id, &graph, symbols) }
    return try added(Concat(axis: axis), raised, of: id, &graph, symbols)
  }

  private func added(
    _ op: any Operator, _ inputs: [ValueID?], of id: NodeID, _ graph: inout Graph, _ symbols: SymbolSource
  ) throws -> ValueID? {
    let node = graph[id]
    let added = graph.addNode(
      op, inputs, outputs: [""], name: node.name, sources: node.sources, rank: node.rank)
    graph.annotate(added) { $0.history = node.history + [name] }
    try graph.inferTypes(of: added, symbols: symbols)
    return graph[added].outputs[0]
  }
}
