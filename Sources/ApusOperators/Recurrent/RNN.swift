public import ApusCore

/// The simple recurrent layer `h = f(W x + R h + b)`; see `RecurrentLayer` for inputs and outputs.
/// ONNX RNN 1, 7, 14, 22.
public struct RNN: RecurrentLayer {
  public var hiddenSize = 0
  public var direction = RecurrentDirection.forward
  public var clip: Double?
  public var activations: [RecurrentActivation] = []
  public var batchFirst = false

  public static let gates = 1
  public static let states = 1
  public static var defaultActivations: [RecurrentActivation] { [.init(.tanh)] }

  public static var importers: [Importer] {
    [
      .onnx("RNN") { node in
        var op = RNN()
        try op.readRecurrent(node)
        return op
      }
    ]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] { try inferRecurrent(context) }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    try evaluateRecurrent(operands, initialStates: [5]) { cell, x, states in
      [(0..<cell.hidden).map { cell.activate(0, cell.input($0, x) + cell.recurrent($0, states[0])) }]
    }
  }
}
