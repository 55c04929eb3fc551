public import ApusCore

/// The gated recurrent layer, gates in the order update, reset, hidden; see `RecurrentLayer` for inputs and outputs.
/// ONNX GRU 1, 3, 7, 14, 22.
public struct GRU: RecurrentLayer {
  public var hiddenSize = 0
  public var direction = RecurrentDirection.forward
  public var clip: Double?
  public var activations: [RecurrentActivation] = []
  public var batchFirst = false
  /// Whether the reset gate scales the product with the state; else it scales the state.
  public var linearBeforeReset = false

  public static let gates = 3
  public static let states = 1
  public static var defaultActivations: [RecurrentActivation] { [.init(.sigmoid), .init(.tanh)] }

  public static var importers: [Importer] {
    [
      .onnx("GRU") { node in
        var op = GRU()
        try op.readRecurrent(node)
        op.linearBeforeReset = try node.bool("linear_before_reset", default: false)
        return op
      }
    ]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] { try inferRecurrent(context) }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    try evaluateRecurrent(operands, initialStates: [5]) { cell, x, states in
      let (h, n) = (states[0], cell.hidden)
      let update = (0..<n).map { cell.activate(0, cell.input($0, x) + cell.recurrent($0, h)) }
      let reset = (0..<n).map { cell.activate(0, cell.input(n + $0, x) + cell.recurrent(n + $0, h)) }
      let scaled = linearBeforeReset ? h : zip(reset, h).map(*)
      return [
        (0..<n).map { index in
          let product = cell.recurrent(2 * n + index, scaled) * (linearBeforeReset ? reset[index] : 1)
          let fresh = cell.activate(1, cell.input(2 * n + index, x) + product)
          return (1 - update[index]) * fresh + update[index] * h[index]
        }
      ]
    }
  }
}
