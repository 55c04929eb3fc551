public import ApusCore
public import ApusEngine

/// Turns an optimized graph into a plan: tactics are chosen, layouts assigned, reorders placed at the edges only.
public struct Lowering {
  let graph: Graph
  let tactics: TacticSet
  let constants: ConstantPool
  /// Chooses among tactics that support a node with one signature.
  let chooser: any TacticChooser
  /// Portable constants that plans may refer to without a copy.
  let portable: (any PortableConstants)?
  private let inputSymbols: Set<String>
  private var plan: Plan
  /// Values of the plan that hold a value of the graph, by layout.
  private var versions: [ValueID: [Layout: Int]] = [:]
  private var notes: [NodeNote] = []
  /// Bytes of packed weights whose originals still take memory.
  private var packedBytes = 0

  /// What was decided for one node, for reports and dry runs.
  public struct NodeNote: Sendable {
    public var node: String
    public var operatorName: String
    public var sources: [String]
    /// Name of the winner; `reference` where no tactic supports the node.
    public var tactic: String
    /// Why other tactics were not taken.
    public var refusals: [String]
  }

  public struct Result: Sendable {
    public var plan: Plan
    public var notes: [NodeNote]
  }

  public static func lower(
    _ graph: Graph, tactics: TacticSet, constants: ConstantPool, chooser: any TacticChooser,
    portable: (any PortableConstants)? = nil
  ) throws -> Result {
    let symbols = graph.inputs.flatMap { graph[$0].type.tensor?.shape ?? [] }.compactMap(\.symbolName)
    var lowering = Lowering(
      graph: graph, tactics: tactics, constants: constants, chooser: chooser, portable: portable,
      inputSymbols: Set(symbols), plan: Plan(target: tactics.target))
    return try lowering.run()
  }

  private mutating func run() throws -> Result {
    plan.symbolBounds = graph.symbolBounds
    for (position, id) in graph.inputs.enumerated() {
      plan.inputs.append(addValue(graph[id], .rowMajor, .input(position)))
    }
    guard let order = graph.topologicalOrder() else {
      throw ApusError(.internal, Problem(.internalError, "a graph with a cycle reached lowering"))
    }
    for id in order { try lower(graph[id]) }
    for id in graph.outputs { plan.outputs.append(try value(id, in: .rowMajor)) }
    return Result(plan: plan, notes: notes)
  }

  private mutating func addValue(_ value: Graph.Value, _ layout: Layout, _ role: PlanValue.Role) -> Int {
    let name = layout == .rowMajor ? value.name : "\(value.name)#\(layout.rawValue)"
    plan.values.append(PlanValue(name: name, type: value.type, layout: layout, role: role))
    versions[value.id, default: [:]][layout] = plan.values.count - 1
    return plan.values.count - 1
  }

  /// The plan's value for a graph value in a layout; constants are added, other layouts reordered, on demand.
  private mutating func value(_ id: ValueID, in layout: Layout) throws -> Int {
    let layout = isLayoutFree(graph[id].type) ? .rowMajor : layout
    if let found = versions[id]?[layout] { return found }
    let value = graph[id]
    if let tensor = value.constant {
      let stored = layout == .rowMajor ? tensor : tensor.reordered(to: layout)
      let reference = (layout == .rowMajor ? portable?.reference(for: tensor) : nil) ?? constants.add(stored)
      return addValue(value, layout, .constant(reference))
    }
    guard let (from, source) = versions[id]?.min(by: { $0.key.rawValue < $1.key.rawValue }) else {
      throw ApusError(
        .internal, Problem(.internalError, "value '\(value.name)' is read before it is lowered"))
    }
    return try reorder(value, source, from, layout)
  }

  private mutating func reorder(_ value: Graph.Value, _ source: Int, _ from: Layout, _ to: Layout) throws
    -> Int
  {
    let op = LayoutReorder(from: from, to: to)
    let node = TacticNode(op: op, name: "\(value.name)/reorder", inputs: [value.type], outputs: [value.type])
    guard let tactic = tactics.tactics(for: op).first else {
      throw ApusError(.internal, Problem(.internalError, "the device cannot reorder layouts"))
    }
    let built = try tactic.build(
      node, layouts: LayoutSignature(inputs: [from], outputs: [to]), constants: constants)
    let target = addValue(value, to, .computed)
    plan.steps.append(
      PlanStep(
        name: node.name, operatorName: LayoutReorder.name, inputs: [source], outputs: [target],
        kernel: built.record,
        operatorText: PlanStep.text(of: op).text))
    return target
  }

  /// Layout says nothing about scalars, vectors and matrices, nor where there is one channel or one pixel.
  private func isLayoutFree(_ type: ValueType) -> Bool {
    guard let shape = type.tensor?.shape, shape.count > 2 else { return true }
    return shape[1] == 1 || shape[2...].allSatisfy { $0 == 1 }
  }

  private mutating func lower(_ node: Graph.Node) throws {
    if let contents = shapeContents(of: node) {
      for (output, contents) in zip(node.outputs, contents) {
        if let output, let contents {
          _ = addValue(graph[output], .rowMajor, .shape(SymbolicContents(contents)))
        }
      }
      return
    }
    if try lowerAlias(node) { return }
    let query = TacticNode(node, in: graph)
    var refusals: [String] = []
    var candidates: [(tactic: any Tactic, signature: LayoutSignature)] = []
    for tactic in tactics.tactics(for: node.op) {
      switch tactic.supports(query) {
      case .yes(let signatures): candidates += signatures.map { (tactic, $0) }
      case .no(let reason): refusals.append("\(tactic.name): \(reason)")
      }
    }
    guard let signature = cheapest(candidates.map(\.signature), node) else {
      return try lowerReference(node, refusals)
    }
    let rivals = candidates.filter { $0.signature == signature }.map(\.tactic)
    let choice = try chooser.choose(rivals, query, signature, constants)
    try emit(node, choice, signature, refusals + choice.refusals)
  }

  /// Shape arithmetic that no step needs to compute: all outputs known, in terms of the input shapes.
  private func shapeContents(of node: Graph.Node) -> [Contents?]? {
    var found: [Contents?] = []
    for output in node.outputs {
      guard let output else {
        found.append(nil)
        continue
      }
      guard let contents = graph[output].contents, contents.symbols.isSubset(of: inputSymbols) else {
        return nil
      }
      found.append(contents)
    }
    return found.contains { $0 != nil } ? found : nil
  }

  /// A relabelled shape: no step, the same memory.
  private mutating func lowerAlias(_ node: Graph.Node) throws -> Bool {
    guard let op = node.op as? any ShapeRelabelling, op.relabelsShape(TacticNode(node, in: graph).inputs),
      let input = node.inputs.first ?? nil, node.outputs.count == 1, let output = node.outputs[0],
      let type = graph[input].type.tensor, type.dtype != .string, !isLate(node)
    else { return false }
    _ = addValue(graph[output], .rowMajor, .alias(of: try value(input, in: .rowMajor)))
    notes.append(
      NodeNote(
        node: node.name, operatorName: node.opName, sources: node.sources, tactic: "alias", refusals: []))
    return true
  }

  /// The signature whose inputs need the fewest elements reordered; the first among equals.
  private func cheapest(_ signatures: [LayoutSignature], _ node: Graph.Node) -> LayoutSignature? {
    var best: (cost: Double, signature: LayoutSignature)?
    for signature in signatures {
      let cost = reorderCost(signature, node)
      if best.map({ cost < $0.cost }) ?? true { best = (cost, signature) }
    }
    return best?.signature
  }

  private func reorderCost(_ signature: LayoutSignature, _ node: Graph.Node) -> Double {
    var cost = 0.0
    for (input, layout) in zip(node.inputs, signature.inputs) {
      guard let input, let layout, graph[input].constant == nil, !isLayoutFree(graph[input].type) else {
        continue
      }
      if versions[input]?[layout] == nil { cost += elementCount(input) }
    }
    for (output, layout) in zip(node.outputs, signature.outputs) {
      // Outputs of the graph leave in logical order.
      guard let output, let layout, layout != .rowMajor, !isLayoutFree(graph[output].type) else { continue }
      if graph.isOutput(output) { cost += elementCount(output) }
    }
    return cost
  }

  /// Elements, with symbols taken as 1.
  private func elementCount(_ value: ValueID) -> Double {
    guard let shape = graph[value].type.tensor?.shape else { return 1 }
    return shape.reduce(1) { $0 * Double($1.substituting { _ in 1 }.value ?? 1) }
  }

  private mutating func emit(
    _ node: Graph.Node, _ choice: TacticChoice, _ signature: LayoutSignature, _ refusals: [String]
  ) throws {
    var inputs: [Int?] = []
    for (index, input) in node.inputs.enumerated() {
      guard let input, !choice.built.absorbedInputs.contains(index) else {
        inputs.append(nil)
        continue
      }
      inputs.append(try value(input, in: signature.inputs[index] ?? .rowMajor))
    }
    let outputs = node.outputs.enumerated().map { index, output in
      output.map {
        addValue(
          graph[$0], isLayoutFree(graph[$0].type) ? .rowMajor : signature.outputs[index] ?? .rowMajor,
          .computed)
      }
    }
    plan.steps.append(
      PlanStep(
        name: node.name, operatorName: node.opName, sources: node.sources, rules: node.history,
        inputs: inputs,
        outputs: outputs, kernel: choice.built.record, inPlace: choice.built.inPlace,
        operatorText: isLate(node) ? PlanStep.text(of: node.op).text : nil,
        tunedMilliseconds: choice.milliseconds))
    note(node, choice.built.record.tactic, refusals)
    for index in choice.built.absorbedInputs where index < node.inputs.count {
      if let tensor = graph.constant(node.inputs[index]) { releaseNowAndThen(tensor) }
    }
  }

  /// What is packed is not read again; a file's pages would stay until the system wants them.
  private mutating func releaseNowAndThen(_ tensor: Tensor) {
    packedBytes += tensor.byteCount
    guard packedBytes > 16 << 20 else { return }
    tensor.storage.releasePages()
    packedBytes = 0
  }

  private mutating func lowerReference(_ node: Graph.Node, _ refusals: [String]) throws {
    let inputs = try node.inputs.map { try $0.map { try value($0, in: .rowMajor) } }
    let outputs = node.outputs.map { $0.map { addValue(graph[$0], .rowMajor, .computed) } }
    plan.steps.append(
      PlanStep(
        name: node.name, operatorName: node.opName, sources: node.sources, rules: node.history,
        inputs: inputs,
        outputs: outputs, kernel: KernelRecord(kind: KernelRecord.reference, tactic: "reference"),
        operatorText: PlanStep.text(of: node.op).text))
    note(node, "reference", refusals.isEmpty ? ["no tactic serves \(node.opName)"] : refusals)
  }

  private mutating func note(_ node: Graph.Node, _ tactic: String, _ refusals: [String]) {
    notes.append(
      NodeNote(
        node: node.name, operatorName: node.opName, sources: node.sources, tactic: tactic, refusals: refusals)
    )
  }

  /// Whether sizes around a node depend on more than the shapes of the inputs.
  private func isLate(_ node: Graph.Node) -> Bool {
    (node.inputs + node.outputs).contains { value in
      guard let value else { return false }
      guard let shape = graph[value].type.tensor?.shape else { return true }
      return shape.contains { !$0.symbols.isSubset(of: inputSymbols) }
    }
  }
}

extension Tensor {
  /// The bytes as they lie in another layout, under the same logical shape.
  public func reordered(to layout: Layout) -> Tensor {
    let order = layout.order(rank: rank)
    guard order != Array(0..<rank), dtype.bitWidth >= 8 else { return self }
    let width = dtype.bitWidth / 8
    let strides = shape.rowMajorStrides
    return Tensor(dtype, shape) { target in
      withUnsafeBytes { source in
        var position = 0
        forEachIndex(order.map { shape[$0] }) { index in
          var offset = 0
          for (place, axis) in order.enumerated() { offset += index[place] * strides[axis] }
          for byte in 0..<width { target[position * width + byte] = source[offset * width + byte] }
          position += 1
        }
      }
    }
  }
}
