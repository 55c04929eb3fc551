public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// LSTM and GRU: x times its weights for all times at once, then one product with the state a step.
public struct RecurrentSteps: Tactic {
  public let name = "cpu.recurrent"
  public var operators: [any Operator.Type] { [GRU.self, LSTM.self] }

  public init() {}

  public func supports(_ node: TacticNode) -> Support {
    if let reason = refusal(node) { return .no(reason) }
    return .yes([.all(.rowMajor, node)])
  }

  private func refusal(_ node: TacticNode) -> String? {
    guard let op = node.op as? any RecurrentLayer, node.dtype == .f32 else { return "x is not FP32" }
    for index in [1, 2] where node.constant(index) == nil { return "weights are computed at run time" }
    if let reason = node.packingRefusal(3, "bias") { return reason }
    if op.clip != nil { return "what goes into the functions is bounded" }
    let usual = type(of: op).defaultActivations
    guard op.activations.isEmpty || op.activations == usual + (op.direction == .bidirectional ? usual : [])
    else { return "other functions than sigmoid and tanh" }
    if node.isPresent(7) { return "peepholes" }
    if (op as? LSTM)?.couplesForget ?? false { return "the forget gate follows from the input gate" }
    return nil
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    guard let op = node.op as? any RecurrentLayer, let weight = node.constant(1)?.inFloat32(),
      let recurrence = node.constant(2)?.inFloat32(), weight.rank == 3, recurrence.rank == 3
    else { throw node.mismatch(self) }
    let (hidden, size) = (recurrence.shape[2], weight.shape[2])
    let linear = (op as? GRU)?.linearBeforeReset ?? false
    let parameters = RecurrentKernel.Parameters(
      cell: op is LSTM ? .lstm : linear ? .gruLinear : .gru, direction: op.direction,
      batchFirst: op.batchFirst, hidden: hidden, size: size)
    let (ways, rows) = (weight.shape[0], weight.shape[1])
    let biases = node.constant(3)?.floats() ?? [Float](repeating: 0, count: ways * 2 * rows)
    guard biases.count == ways * 2 * rows, recurrence.shape == [ways, rows, hidden] else {
      throw node.mismatch(self)
    }
    var packed: [Tensor] = []
    for way in 0..<ways {
      let own = weight.slice(elements: way * rows * size..<(way + 1) * rows * size, shape: [rows, size])
      let state = recurrence.slice(
        elements: way * rows * hidden..<(way + 1) * rows * hidden, shape: [rows, hidden])
      packed += parameters.pack(own, state, Array(biases[2 * way * rows..<2 * (way + 1) * rows]))
    }
    return BuiltKernel(
      try RecurrentKernel.record(parameters, tactic: name, constants: packed.map { constants.add($0) }),
      absorbedInputs: [1, 2, 3])
  }
}
