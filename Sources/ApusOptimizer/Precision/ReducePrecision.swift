public import ApusCore
import ApusOperators

/// Turns FP32 arithmetic into FP16 or BF16 where that is safe: operators of the list below work in the lower type (their
/// kernels accumulate in FP32), all others keep FP32, and casts stand between them. Inputs and outputs of the graph
/// keep their types.
///
/// What plugins compute (boxes in pixels, scores that are compared) stays FP32, also through the arithmetic behind
/// them: a box in BF16 is off by a pixel or two.
public struct ReducePrecision: Pass {
  public let to: DType
  private let kernels: (any DeviceKernels)?
  private let keeping: Set<NodeID>

  /// Operators that keep their accuracy in sixteen bits when sums are FP32.
  static let safe: Set<String> = [
    "Conv", "ConvTranspose", "Linear", "Gemm", "MatMul", "ScaledDotProductAttention", "MaxPool",
    "AveragePool",
    "GlobalAveragePool", "GlobalMaxPool", "Relu", "LeakyRelu", "PRelu", "Clip", "Sigmoid", "HardSigmoid",
    "HardSwish",
    "Swish", "Gelu", "Tanh", "Elu", "Mish", "Add", "Sub", "Mul", "Max", "Min", "Sum", "Pointwise", "Softmax",
    "LayerNormalization", "RMSNormalization", "BatchNormalization", "Reshape", "Flatten", "Squeeze",
    "Unsqueeze",
    "Transpose", "Concat", "Split", "Slice", "Gather", "Expand", "Pad", "Identity", "ReduceMean", "Resize",
    "DepthToSpace", "SpaceToDepth", "Tile", "Where",
  ]

  /// Operators in which many elements make one: what goes in need not be exact.
  public static let blending: Set<String> = [
    "Conv", "ConvTranspose", "Linear", "Gemm", "MatMul", "ScaledDotProductAttention",
  ]

  /// `kernels` nil: nodes are lowered whether or not there are kernels for them. The nodes of `keeping` stay FP32.
  public init(to: DType, kernels: (any DeviceKernels)? = nil, keeping: Set<NodeID> = []) {
    self.to = to
    self.kernels = kernels
    self.keeping = keeping
  }

  public func run(_ graph: inout Graph, _ context: PassContext) throws -> Int {
    var state = State(to: to, symbols: graph.symbolSource())
    let outputs = graph.outputs
    let types = outputs.map { graph[$0].type }
    var changes = 0
    for id in graph.topologicalOrder() ?? [] {
      let node = graph[id]
      let isExact =
        node.op is any PluginOperator
        || (!Self.blending.contains(node.opName)
          && node.inputs.contains { $0.map(state.exact.contains) ?? false })
      if isExact { state.exact.formUnion(node.outputs.compactMap { $0 }) }
      var lowers = Self.safe.contains(node.opName) && !isExact && !keeping.contains(id)
      try state.retype(node, lowers: lowers, &graph)
      if lowers, let kernels, !kernels.hasKernel(graph[id], in: graph) {
        // Better a kernel in FP32 than the reference in the lower type.
        try state.retype(node, lowers: false, &graph)
        lowers = !kernels.hasKernel(graph[id], in: graph)
        if lowers { try state.retype(node, lowers: true, &graph) }
      }
      if lowers { changes += 1 }
      for case let output? in node.outputs where graph[output].type.tensor?.dtype == to {
        state.reduced.insert(output)
      }
    }
    for (position, output) in outputs.enumerated() where graph[output].type != types[position] {
      let name = graph[output].name
      let raised = try state.raised(output, &graph, rank: .max)
      graph.rename(output, to: name + ".\(to.rawValue)")
      graph.rename(raised, to: name)
      graph.setOutputs(graph.outputs.map { $0 == output ? raised : $0 })
    }
    graph.removeDead()
    return changes
  }

  /// Versions of values in either type.
  private struct State {
    let to: DType
    let symbols: SymbolSource
    /// Values that were FP32 and are computed in the lower type now.
    var reduced: Set<ValueID> = []
    /// Values that come from plugins, which keep FP32.
    var exact: Set<ValueID> = []
    private var low: [ValueID: ValueID] = [:]
    private var high: [ValueID: ValueID] = [:]

    init(to: DType, symbols: SymbolSource) {
      self.to = to
      self.symbols = symbols
    }

    /// Gives a node inputs in the lower type, or in FP32, and infers its outputs. `node` has the inputs of the source.
    mutating func retype(_ node: Graph.Node, lowers: Bool, _ graph: inout Graph) throws {
      for (index, input) in node.inputs.enumerated() {
        guard let input else { continue }
        let wanted =
          try lowers
          ? lowered(input, &graph, rank: node.rank) : raised(input, &graph, rank: node.rank)
        graph.setInput(index, of: node.id, to: wanted)
      }
      try graph.inferTypes(of: node.id, symbols: symbols)
    }

    mutating func lowered(_ value: ValueID, _ graph: inout Graph, rank: Int) throws -> ValueID {
      guard graph[value].type.tensor?.dtype == .f32 else { return value }
      if let known = low[value] { return known }
      let result: ValueID
      if let tensor = graph[value].constant {
        result = graph.addConstant(
          tensor.converted(to: to), name: graph[value].name + ".\(to.rawValue)")
      } else {
        result = try cast(value, to, &graph, rank: rank)
      }
      low[value] = result
      return result
    }

    mutating func raised(_ value: ValueID, _ graph: inout Graph, rank: Int) throws -> ValueID {
      guard reduced.contains(value) else { return value }
      if let known = high[value] { return known }
      let result = try cast(value, .f32, &graph, rank: rank)
      high[value] = result
      low[result] = value
      return result
    }

    private func cast(_ value: ValueID, _ dtype: DType, _ graph: inout Graph, rank: Int) throws -> ValueID {
      let name = "\(graph[value].name)/cast"
      let id = graph.addNode(Cast(to: dtype), [value], outputs: [name], name: name, rank: rank)
      graph.annotate(id) { $0.history = ["ReducePrecision"] }
      try graph.inferTypes(of: id, symbols: symbols)
      return graph[id].outputs[0] ?? value
    }
  }
}
