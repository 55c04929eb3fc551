public import ApusCore

/// The long short-term memory layer, gates in the order input, output, forget, cell; see `RecurrentLayer`. Further
/// inputs: initial cell state and peepholes `[directions, 3·hidden]` (input, output, forget); a third output is the last
/// cell state. ONNX LSTM 1, 7, 14, 22.
public struct LSTM: RecurrentLayer {
  public var hiddenSize = 0
  public var direction = RecurrentDirection.forward
  public var clip: Double?
  public var activations: [RecurrentActivation] = []
  public var batchFirst = false
  /// Whether the forget gate is one minus the input gate.
  public var couplesForget = false

  public static let gates = 4
  public static let states = 2
  public static var defaultActivations: [RecurrentActivation] {
    [.init(.sigmoid), .init(.tanh), .init(.tanh)]
  }

  public static var importers: [Importer] {
    [
      .onnx("LSTM") { node in
        var op = LSTM()
        try op.readRecurrent(node)
        op.couplesForget = try node.bool("input_forget", default: false)
        return op
      }
    ]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] { try inferRecurrent(context) }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    try evaluateRecurrent(operands, initialStates: [5, 6], peepholes: 7) { cell, x, states in
      let n = cell.hidden
      var (hidden, memory): ([Double], [Double]) = ([], [])
      for index in 0..<n {
        let before = states[1][index]
        func gate(_ number: Int) -> Double {
          cell.input(number * n + index, x) + cell.recurrent(number * n + index, states[0])
        }
        func peephole(_ number: Int) -> Double {
          cell.peepholes.isEmpty ? 0 : cell.peepholes[cell.peepholes.startIndex + number * n + index]
        }
        let entering = cell.activate(0, gate(0) + peephole(0) * before)
        let kept = couplesForget ? 1 - entering : cell.activate(0, gate(2) + peephole(2) * before)
        let after = kept * before + entering * cell.activate(1, gate(3))
        let shown = cell.activate(0, gate(1) + peephole(1) * after)
        memory.append(after)
        hidden.append(shown * cell.activate(2, after))
      }
      return [hidden, memory]
    }
  }
}
