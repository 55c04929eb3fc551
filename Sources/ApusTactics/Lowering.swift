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
  /// Sizes of symbols for which kernels with fixed extents are made.
  let sizes: [[String: Int]]
  let tuning: TuningSession?
  private let inputSymbols: Set<String>
  private var plan: Plan
  /// Values of the plan that hold a value of the graph.
  private var versions: [ValueID: [Version: Int]] = [:]
  private var notes: [NodeNote] = []
  /// Bytes of packed weights whose originals still take memory.
  private var packedBytes = 0

  /// How and where a tensor lies.
  private struct Version: Hashable {
    var layout: Layout
    var place: PlanValue.Place
  }

  /// A tactic that can run a node, with the layouts and the memory that it works on.
  private struct Candidate {
    var tactic: any Tactic
    var signature: LayoutSignature
    var place: PlanValue.Place
  }

  /// What was decided for one node, for reports and dry runs.
  public struct NodeNote: Sendable {
    public var node: String
    public var operatorName: String
    public var sources: [String]
    /// Name of the winner; `reference` where no tactic supports the node.
    public var tactic: String
    /// Why other tactics were not taken.
    public var refusals: [String]
    /// Type of the first result's elements.
    public var element: DType?
  }

  public struct Result: Sendable {
    public var plan: Plan
    public var notes: [NodeNote]
  }

  public static func lower(
    _ graph: Graph, tactics: TacticSet, constants: ConstantPool, chooser: any TacticChooser,
    portable: (any PortableConstants)? = nil, sizes: [[String: Int]] = [], tuning: TuningSession? = nil
  ) throws -> Result {
    let symbols = graph.inputs.flatMap { graph[$0].type.tensor?.shape ?? [] }.compactMap(\.symbolName)
    var lowering = Lowering(
      graph: graph, tactics: tactics, constants: constants, chooser: chooser, portable: portable,
      sizes: sizes, tuning: tuning,
      inputSymbols: Set(symbols), plan: Plan(target: tactics.target))
    return try lowering.run()
  }

  private mutating func run() throws -> Result {
    plan.symbolBounds = graph.symbolBounds
    for (position, id) in graph.inputs.enumerated() {
      plan.inputs.append(addValue(graph[id], .rowMajor, .host, .input(position)))
    }
    guard let order = graph.executionOrder() else {
      throw ApusError(.internal, Problem(.internalError, "a graph with a cycle reached lowering"))
    }
    for id in order { try lower(graph[id]) }
    for id in graph.outputs { plan.outputs.append(try value(id, in: .rowMajor, at: .host)) }
    moveUploadsToFront()
    return Result(plan: plan, notes: notes)
  }

  /// Inputs go to the device before anything else, so that copies do not cut its work into pieces.
  private mutating func moveUploadsToFront() {
    let inputs = Set(plan.inputs)
    let isUpload = { (step: PlanStep) in
      step.operatorName == DeviceCopy.name && step.inputs.allSatisfy { $0.map(inputs.contains) ?? true }
    }
    plan.steps = plan.steps.filter(isUpload) + plan.steps.filter { !isUpload($0) }
  }

  private mutating func addValue(
    _ value: Graph.Value, _ layout: Layout, _ place: PlanValue.Place, _ role: PlanValue.Role
  ) -> Int {
    let mark = layout == .rowMajor ? "" : "#\(layout.rawValue)"
    let name = value.name + mark + (place == .device && graph.isInput(value.id) ? "@device" : "")
    plan.values.append(PlanValue(name: name, type: value.type, layout: layout, role: role, place: place))
    versions[value.id, default: [:]][Version(layout: layout, place: place)] = plan.values.count - 1
    return plan.values.count - 1
  }

  /// The plan's value for a graph value in a layout and a memory; constants are added, others reordered and copied, on
  /// demand.
  private mutating func value(_ id: ValueID, in layout: Layout, at place: PlanValue.Place) throws -> Int {
    let layout = isLayoutFree(graph[id].type) ? .rowMajor : layout
    if let found = versions[id]?[Version(layout: layout, place: place)] { return found }
    let value = graph[id]
    if let tensor = value.constant {
      let stored = layout == .rowMajor ? tensor : tensor.reordered(to: layout)
      let reference = (layout == .rowMajor ? portable?.reference(for: tensor) : nil) ?? constants.add(stored)
      return addValue(value, layout, place, .constant(reference))
    }
    let known = versions[id] ?? [:]
    // The same memory first, then the wanted layout, then whatever is there.
    let near = known.filter { $0.key.place == place }
    if let (version, source) = near.min(by: { $0.key.layout.rawValue < $1.key.layout.rawValue }) {
      return try reorder(value, source, version, layout)
    }
    if let source = known.first(where: { $0.key.layout == layout }) {
      return try copy(value, source.value, layout, to: place)
    }
    guard let (version, source) = known.min(by: { $0.key.layout.rawValue < $1.key.layout.rawValue }) else {
      throw ApusError(
        .internal, Problem(.internalError, "value '\(value.name)' is read before it is lowered"))
    }
    // The device is the quicker one of the two.
    if place == .host {
      let sorted = try reorder(value, source, version, layout)
      return try copy(value, sorted, layout, to: place)
    }
    let moved = try copy(value, source, version.layout, to: place)
    return try reorder(value, moved, Version(layout: version.layout, place: place), layout)
  }

  private mutating func reorder(
    _ value: Graph.Value, _ source: Int, _ from: Version, _ to: Layout
  ) throws -> Int {
    let op = LayoutReorder(from: from.layout, to: to)
    return try edge(
      op, value, "\(value.name)/reorder", source, from.layout, Version(layout: to, place: from.place),
      on: from.place)
  }

  private mutating func copy(
    _ value: Graph.Value, _ source: Int, _ layout: Layout, to place: PlanValue.Place
  ) throws -> Int {
    let name = "\(value.name)/to-\(place.rawValue)"
    return try edge(
      DeviceCopy(to: place), value, name, source, layout, Version(layout: layout, place: place), on: .device)
  }

  /// A step that gives a tensor another layout or place, by a tactic of the set that works on `worker`.
  private mutating func edge(
    _ op: any Operator, _ value: Graph.Value, _ name: String, _ source: Int, _ from: Layout, _ to: Version,
    on worker: PlanValue.Place
  ) throws -> Int {
    var node = TacticNode(op: op, name: name, inputs: [value.type], outputs: [value.type])
    node.sizes = sizes
    let set = worker == tactics.place ? tactics : tactics.fallback?.set
    guard let tactic = set?.tactics(for: op).first else {
      throw ApusError(
        .internal, Problem(.internalError, "the device has no kernel for \(op.operatorName)", node: name))
    }
    let built = try tactic.build(
      node, layouts: LayoutSignature(inputs: [from], outputs: [to.layout]), constants: constants)
    let target = addValue(value, to.layout, to.place, .computed)
    plan.steps.append(
      PlanStep(
        name: name, operatorName: op.operatorName, inputs: [source], outputs: [target],
        kernel: built.record, operatorText: PlanStep.text(of: op).text))
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
          _ = addValue(graph[output], .rowMajor, .host, .shape(SymbolicContents(contents)))
        }
      }
      return
    }
    if try lowerAlias(node) { return }
    if try lowerChannelMove(node) { return }
    var query = TacticNode(node, in: graph)
    query.sizes = sizes
    query.tuning = tuning
    var refusals: [String] = []
    for set in [tactics, tactics.fallback?.set].compactMap({ $0 }) {
      if set.place == .device, let reason = hostReason(node) {
        refusals.append("\(set.target.device): \(reason)")
        continue
      }
      var candidates = candidates(set, node, query, &refusals)
      while let best = cheapest(candidates, node) {
        let rivals = candidates.filter { $0.signature == best.signature }.map(\.tactic)
        candidates.removeAll { $0.signature == best.signature }
        do {
          // Vendor kernels of the host are not measured for the few nodes that a device leaves to it.
          let chooser: any TacticChooser = set.place == tactics.place ? chooser : FirstTactic()
          let choice = try chooser.choose(rivals, query, best.signature, constants)
          return try emit(node, choice, best, refusals + choice.refusals)
        } catch let error as ApusError where error.endsLowering {
          throw error
        } catch  where set.fallback != nil || !candidates.isEmpty {
          refusals.append("\(set.target.device): \(error)")
        }
      }
    }
    try lowerReference(node, refusals)
  }

  private func candidates(
    _ set: TacticSet, _ node: Graph.Node, _ query: TacticNode, _ refusals: inout [String]
  ) -> [Candidate] {
    var found: [Candidate] = []
    for tactic in set.tactics(for: node.op) {
      switch tactic.supports(query) {
      case .yes(let signatures):
        found += signatures.map { Candidate(tactic: tactic, signature: $0, place: set.place) }
      case .no(let reason): refusals.append("\(tactic.name): \(reason)")
      }
    }
    return found
  }

  /// Why a node stays on the host although a device may have a kernel for it.
  private func hostReason(_ node: Graph.Node) -> String? {
    if isLate(node) { return "sizes are known only when it runs" }
    let outputs = node.outputs.compactMap { $0 }
    // Shape arithmetic is scalars and vectors.
    let isSmall = outputs.allSatisfy { output in
      guard let tensor = graph[output].type.tensor, let rank = tensor.rank else { return false }
      return rank <= 1 && [.i32, .i64, .bool].contains(tensor.dtype) && elementCount(output) <= 64
    }
    let isHere = node.inputs.allSatisfy { input in
      input.map { id in
        graph[id].constant != nil || versions[id]?.keys.contains { $0.place == .host } ?? false
      }
        ?? true
    }
    return isSmall && isHere ? "a few integers that the host knows" : nil
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
    let known = versions[input] ?? [:]
    let isOnDevice = known.keys.contains { $0.place == .device }
    let place: PlanValue.Place = isOnDevice || graph[input].constant != nil ? tactics.place : .host
    let source = try value(input, in: .rowMajor, at: known.isEmpty || isOnDevice ? place : .host)
    _ = addValue(graph[output], .rowMajor, plan.values[source].place, .alias(of: source))
    note(node, "alias", [])
    return true
  }

  /// Channels that move to where the tensor's layout already has them: no step, the same memory.
  private mutating func lowerChannelMove(_ node: Graph.Node) throws -> Bool {
    guard let op = node.op as? any ChannelMoving, let input = node.inputs.first ?? nil,
      let output = node.outputs.first ?? nil, let rank = graph[input].type.tensor?.shape?.count,
      let move = op.channelMove(rank: rank), graph[input].constant == nil, !isLate(node),
      !isLayoutFree(graph[input].type), !isLayoutFree(graph[output].type)
    else { return false }
    let (from, to): (Layout, Layout) =
      move == .toLast ? (.channelsLast, .rowMajor) : (.rowMajor, .channelsLast)
    let places = versions[input]?.keys.filter { $0.layout == from }.map(\.place) ?? []
    guard !places.isEmpty else { return false }
    let isWanted = places.contains(tactics.place) || graph.isInput(input)
    let source = try value(input, in: from, at: isWanted ? tactics.place : places[0])
    _ = addValue(graph[output], to, plan.values[source].place, .alias(of: source))
    note(node, "alias", [])
    return true
  }

  /// The signature whose inputs need the fewest elements reordered; the first among equals.
  private func cheapest(_ candidates: [Candidate], _ node: Graph.Node) -> Candidate? {
    var best: (cost: Double, candidate: Candidate)?
    for candidate in candidates {
      let cost = reorderCost(candidate, node)
      if best.map({ cost < $0.cost }) ?? true { best = (cost, candidate) }
    }
    return best?.candidate
  }

  private func reorderCost(_ candidate: Candidate, _ node: Graph.Node) -> Double {
    var cost = 0.0
    for (input, layout) in zip(node.inputs, candidate.signature.inputs) {
      guard let input, let layout, graph[input].constant == nil, !isLayoutFree(graph[input].type) else {
        continue
      }
      let known = versions[input]?.keys.contains { $0.layout == layout } ?? false
      if !known { cost += elementCount(input) }
    }
    for (output, layout) in zip(node.outputs, candidate.signature.outputs) {
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
    _ node: Graph.Node, _ choice: TacticChoice, _ candidate: Candidate, _ refusals: [String]
  ) throws {
    let (signature, place) = (candidate.signature, candidate.place)
    let isLate = isLate(node)
    var (inputs, packed) = ([Int?](), [Int: ValueType]())
    for (index, input) in node.inputs.enumerated() {
      let isAbsorbed = choice.built.absorbedInputs.contains(index)
      if let input, isAbsorbed { packed[index] = graph[input].type }
      guard let input, !isAbsorbed || (isLate && steers(input)) else {
        inputs.append(nil)
        continue
      }
      inputs.append(try value(input, in: signature.inputs[index] ?? .rowMajor, at: place))
    }
    let outputs = node.outputs.enumerated().map { index, output in
      output.map {
        addValue(
          graph[$0], isLayoutFree(graph[$0].type) ? .rowMajor : signature.outputs[index] ?? .rowMajor,
          place, .computed)
      }
    }
    plan.steps.append(
      PlanStep(
        name: node.name, operatorName: node.opName, sources: node.sources, rules: node.history,
        inputs: inputs,
        outputs: outputs, kernel: choice.built.record, inPlace: choice.built.inPlace,
        operatorText: isLate ? PlanStep.text(of: node.op).text : nil,
        tunedMilliseconds: choice.milliseconds ?? choice.built.milliseconds, work: choice.built.work,
        packedTypes: isLate ? packed : nil))
    note(node, choice.built.record.tactic, refusals)
    for index in choice.built.absorbedInputs where index < node.inputs.count {
      if let tensor = graph.constant(node.inputs[index]) { releaseNowAndThen(tensor) }
    }
  }

  /// Whether a constant is one of those (axes, shapes) that tell a late step's sizes.
  private func steers(_ value: ValueID) -> Bool {
    graph.constant(value).map { $0.dtype.isInteger && $0.elementCount <= 1024 } ?? false
  }

  /// What is packed is not read again; a file's pages would stay until the system wants them.
  private mutating func releaseNowAndThen(_ tensor: Tensor) {
    packedBytes += tensor.byteCount
    guard packedBytes > 16 << 20 else { return }
    tensor.storage.releasePages()
    packedBytes = 0
  }

  private mutating func lowerReference(_ node: Graph.Node, _ refusals: [String]) throws {
    let inputs = try node.inputs.map { try $0.map { try value($0, in: .rowMajor, at: .host) } }
    let outputs = node.outputs.map { $0.map { addValue(graph[$0], .rowMajor, .host, .computed) } }
    plan.steps.append(
      PlanStep(
        name: node.name, operatorName: node.opName, sources: node.sources, rules: node.history,
        inputs: inputs,
        outputs: outputs, kernel: KernelRecord(kind: KernelRecord.reference, tactic: "reference"),
        operatorText: PlanStep.text(of: node.op).text))
    note(node, "reference", refusals.isEmpty ? ["no tactic serves \(node.opName)"] : refusals)
  }

  private mutating func note(_ node: Graph.Node, _ tactic: String, _ refusals: [String]) {
    let result = node.outputs.compactMap { $0 }.first
    notes.append(
      NodeNote(
        node: node.name, operatorName: node.opName, sources: node.sources, tactic: tactic, refusals: refusals,
        element: result.flatMap { graph[$0].type.tensor?.dtype }))
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

extension ApusError {
  /// Whether no other kernel is looked for: the user wants to stop, or a plugin is wrong and would only fail elsewhere,
  /// for a reason that hides this one.
  var endsLowering: Bool {
    category == .interrupted || problems.contains { $0.id == .pluginInvalid }
  }
}
