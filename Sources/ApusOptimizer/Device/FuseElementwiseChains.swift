public import ApusCore
import ApusOperators

/// Gathers elementwise nodes of one shape into one `Pointwise` node, so that what one hands to the next never reaches
/// memory.
///
/// ```
/// %a = Add(%x, %k)
/// %y = Erf(%a)
/// ```
/// becomes
/// ```
/// %y = Pointwise(%x, %k) {body: …}
/// ```
/// A node joins the one that reads it when nobody outside reads its result and their results have one shape; a node
/// of a smaller shape would be computed again for every row that it is broadcast to.
public struct FuseElementwiseChains: Pass {
  /// Larger groups only need more registers than any device has.
  public static let maxNodes = 24
  public static let maxInputs = 12

  let device: any DeviceKernels

  public init(_ device: any DeviceKernels) { self.device = device }

  public func run(_ graph: inout Graph, _ context: PassContext) throws -> Int {
    guard device.serves(Pointwise()) else { return 0 }
    let symbols = graph.symbolSource()
    var changes = 0
    for id in (graph.topologicalOrder() ?? []).reversed() where !context.isExhausted {
      guard graph.contains(id), let root = ElementwiseGroup(id, in: graph, device) else { continue }
      let group = root.grown(in: graph, device)
      guard group.members.count > 1 else { continue }
      var attempt = graph
      let fused = try group.fuse(in: &attempt, symbols)
      guard device.runs(attempt[fused], in: attempt) else { continue }
      graph = attempt
      context.fired(name, at: graph[fused].name)
      changes += 1
    }
    graph.removeDead()
    return changes
  }
}

/// Elementwise nodes that end in one result.
private struct ElementwiseGroup {
  /// The root first.
  var members: [NodeID]
  let output: ValueID
  let shape: Shape
  var arithmetic: Arithmetic

  /// What registers must hold; kinds that need another width stay apart.
  enum Arithmetic {
    /// Truth and integers of up to 16 bits fit in either.
    case any
    case float
    case integer
    case double

    init?(_ dtype: DType) {
      switch dtype {
      case .f32, .f16, .bf16: self = .float
      case .f64: self = .double
      case .i32, .u32, .i64, .u64: self = .integer
      case .bool, .i8, .u8, .i16, .u16: self = .any
      default: return nil
      }
    }

    /// nil: they do not go together.
    func joined(_ other: Arithmetic) -> Arithmetic? {
      if self == other || other == .any { return self }
      return self == .any ? other : nil
    }
  }

  /// nil for a node that cannot be part of a group.
  init?(_ id: NodeID, in graph: Graph, _ device: any DeviceKernels) {
    let node = graph[id]
    guard node.op.traits.contains(.elementwise), !node.op.traits.contains(.nondeterministic),
      node.outputs.count == 1, let output = node.outputs[0], graph[output].contents == nil,
      let shape = graph[output].type.tensor?.shape
    else { return nil }
    var arithmetic = Arithmetic.any
    for case let value? in node.inputs + [output] {
      guard let type = graph[value].type.tensor, type.shape != nil, let kind = Arithmetic(type.dtype),
        let joined = arithmetic.joined(kind)
      else { return nil }
      arithmetic = joined
    }
    guard device.runs(node, in: graph) else { return nil }
    (members, self.output, self.shape, self.arithmetic) = ([id], output, shape, arithmetic)
  }

  /// The group with every producer that only it reads.
  func grown(in graph: Graph, _ device: any DeviceKernels) -> ElementwiseGroup {
    var group = self
    var position = 0
    while position < group.members.count {
      for case let input? in graph[group.members[position]].inputs {
        // A result that two members read may join only with the second.
        if let larger = group.joined(by: input, in: graph, device) { group = larger }
      }
      position += 1
    }
    return group
  }

  private func joined(by value: ValueID, in graph: Graph, _ device: any DeviceKernels) -> ElementwiseGroup? {
    guard let producer = graph.producer(of: value), !members.contains(producer.id), !graph.isOutput(value),
      graph[value].users.allSatisfy(members.contains), members.count < FuseElementwiseChains.maxNodes,
      let other = ElementwiseGroup(producer.id, in: graph, device), other.shape == shape,
      let kind = arithmetic.joined(other.arithmetic)
    else { return nil }
    var larger = self
    larger.members.append(producer.id)
    larger.arithmetic = kind
    return larger.externals(in: graph).count <= FuseElementwiseChains.maxInputs ? larger : nil
  }

  /// Values that come from outside, numbers excepted, each once.
  private func externals(in graph: Graph) -> [ValueID] {
    var seen: Set<ValueID> = []
    return members.flatMap { graph[$0].inputs.compactMap { $0 } }.filter { value in
      if let constant = graph[value].constant, constant.elementCount == 1 { return false }
      if let producer = graph.producer(of: value), members.contains(producer.id) { return false }
      return seen.insert(value).inserted
    }
  }

  /// Puts one node in the place of all members; returns it.
  func fuse(in graph: inout Graph, _ symbols: SymbolSource) throws -> NodeID {
    let order = (graph.topologicalOrder() ?? []).filter(members.contains)
    let externals = externals(in: graph)
    var body = Graph(name: "body")
    var values: [ValueID: ValueID] = [:]
    var inputs: [ValueID] = []
    for value in externals {
      let aligned = alignedConstant(value, &graph)
      inputs.append(aligned)
      values[value] = body.addInput(graph[value].name, graph[aligned].type)
    }
    for id in order {
      let node = graph[id]
      for case let input? in node.inputs where values[input] == nil {
        guard let constant = graph[input].constant else { continue }
        values[input] = body.addConstant(constant, name: graph[input].name)
      }
      let added = body.addNode(
        node.op, node.inputs.map { $0.flatMap { values[$0] } },
        outputs: node.outputs.map { $0.map { graph[$0].name } }, name: node.name)
      try body.inferTypes(of: added, symbols: symbols)
      if let output = node.outputs[0] { values[output] = body[added].outputs[0] }
    }
    body.setOutputs([values[output]].compactMap { $0 })
    return try replace(order, by: Pointwise(body: body), inputs, &graph, symbols)
  }

  private func replace(
    _ order: [NodeID], by op: Pointwise, _ inputs: [ValueID], _ graph: inout Graph, _ symbols: SymbolSource
  ) throws -> NodeID {
    let root = graph[members[0]]
    let nodes = order.map { graph[$0] }
    let fused = graph.addNode(
      op, inputs, outputs: [root.name], name: root.name, sources: nodes.flatMap(\.sources), rank: root.rank)
    graph.annotate(fused) { $0.history = nodes.flatMap(\.history) + ["FuseElementwiseChains"] }
    try graph.inferTypes(of: fused, symbols: symbols)
    guard let result = graph[fused].outputs[0] else { return fused }
    if !graph.isOutput(output) { graph.swapNames(output, result) }
    graph.replaceUses(of: output, with: result)
    for id in order.reversed() { graph.removeNode(id) }
    return fused
  }

  /// A constant with the result's rank, so that any layout can order its axes like those of the others.
  private func alignedConstant(_ value: ValueID, _ graph: inout Graph) -> ValueID {
    guard let constant = graph[value].constant, constant.rank < shape.count, constant.dtype != .string else {
      return value
    }
    let leading = [Int](repeating: 1, count: shape.count - constant.rank)
    return graph.addConstant(constant.reshaped(leading + constant.shape), name: graph[value].name)
  }
}
