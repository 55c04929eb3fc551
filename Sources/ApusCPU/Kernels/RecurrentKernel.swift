public import ApusCore
public import ApusEngine
public import ApusOperators
import CApusKernels

/// LSTM and GRU layers in FP32 with the usual functions, weights packed into the engine.
///
/// Constants, for each direction: packed weights of x and of the state, those of the scaled state (GRU without
/// `linearBeforeReset`), bias, bias of the state's product.
public struct RecurrentKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public enum Cell: String, Codable, Sendable { case lstm, gru, gruLinear }

    public var cell: Cell
    public var direction: RecurrentDirection
    public var batchFirst: Bool
    public var hidden: Int
    public var size: Int

    public init(cell: Cell, direction: RecurrentDirection, batchFirst: Bool, hidden: Int, size: Int) {
      self.cell = cell
      self.direction = direction
      self.batchFirst = batchFirst
      self.hidden = hidden
      self.size = size
    }

    var directions: Int { direction == .bidirectional ? 2 : 1 }
    var gates: Int { cell == .lstm ? 4 : 3 }
  }

  static let constantsOfDirection = 5
  public static let kind = "cpu.recurrent"
  private let parameters: Parameters
  private let constants: [ConstantBytes]

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) throws {
    self.parameters = parameters
    self.constants = constants.map { ConstantBytes($0) }
    guard constants.count == Self.constantsOfDirection * parameters.directions else {
      throw ApusError(.invalidModel, Problem(.engineDamaged, "a recurrent layer lacks weights"))
    }
  }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let x = try context.input(0)
    let directions = (0..<parameters.directions).map { (native(x.shape, $0), weights($0)) }
    var bytes = 0
    for (layer, _) in directions {
      bytes = max(bytes, withUnsafePointer(to: layer) { apus_recurrent_workspace_bytes($0) })
    }
    let isPresent = (0..<8).map { $0 < context.inputs.count && context.inputs[$0] != nil }
    let outputs = context.outputs.count
    let hasCell = parameters.cell == .lstm
    return PreparedKernel(scratchBytes: bytes) { frame in
      let x = frame.input(0)?.assumingMemoryBound(to: Float.self)
      let lengths = isPresent[4] ? frame.input(4)?.assumingMemoryBound(to: Int32.self) : nil
      let initial = isPresent[5] ? frame.input(5)?.assumingMemoryBound(to: Float.self) : nil
      let cell = hasCell && isPresent[6] ? frame.input(6)?.assumingMemoryBound(to: Float.self) : nil
      let all = frame.output(0)?.assumingMemoryBound(to: Float.self)
      let last = outputs > 1 ? frame.output(1)?.assumingMemoryBound(to: Float.self) : nil
      let lastCell = hasCell && outputs > 2 ? frame.output(2)?.assumingMemoryBound(to: Float.self) : nil
      for (layer, weights) in directions {
        withUnsafePointer(to: layer) { layer in
          withUnsafePointer(to: weights) { weights in
            apus_recurrent_run(
              layer, weights, x, lengths, initial, cell, all, last, lastCell, frame.scratch, frame.pool)
          }
        }
      }
    }
  }

  private func native(_ shape: [Int], _ direction: Int) -> apus_recurrent {
    var layer = apus_recurrent()
    layer.cell =
      switch parameters.cell {
      case .lstm: APUS_CELL_LSTM
      case .gru: APUS_CELL_GRU
      case .gruLinear: APUS_CELL_GRU_LINEAR
      }
    (layer.length, layer.batch) = parameters.batchFirst ? (shape[1], shape[0]) : (shape[0], shape[1])
    (layer.size, layer.hidden) = (parameters.size, parameters.hidden)
    (layer.directions, layer.direction) = (parameters.directions, direction)
    layer.reverse = parameters.direction == .reverse || direction == 1
    layer.batch_first = parameters.batchFirst
    return layer
  }

  private func weights(_ direction: Int) -> apus_recurrent_weights {
    let own = constants[(direction * Self.constantsOfDirection)...]
    let bases = own.prefix(Self.constantsOfDirection).map(\.base)
    return apus_recurrent_weights(
      input: bases[0], state: bases[1], scaled: bases[2],
      bias: bases[3]?.assumingMemoryBound(to: Float.self),
      state_bias: bases[4]?.assumingMemoryBound(to: Float.self))
  }
}

extension RecurrentKernel.Parameters {
  /// The constants of one direction from its weights `[gates·hidden, size]`, `[gates·hidden, hidden]` and biases
  /// `[2·gates·hidden]`.
  public func pack(_ weight: Tensor, _ recurrence: Tensor, _ bias: [Float]) -> [Tensor] {
    let rows = gates * hidden
    var sums = (0..<rows).map { bias[$0] + bias[rows + $0] }
    // The reset gate of this form scales the product with its bias.
    if cell == .gruLinear { for row in 2 * hidden..<rows { sums[row] = bias[row] } }
    let split = cell == .gru ? 2 * hidden : rows
    let state = recurrence.slice(elements: 0..<split * hidden, shape: [split, hidden])
    let scaled =
      cell == .gru
      ? packed(recurrence.slice(elements: split * hidden..<rows * hidden, shape: [hidden, hidden]))
      : Tensor(.u8, [1])
    return [
      packed(weight), packed(state), scaled, Tensor(sums, shape: [rows]),
      Tensor(Array(bias[(2 * rows - hidden)...]), shape: [hidden]),
    ]
  }

  private func packed(_ matrix: Tensor) -> Tensor {
    var product = MatMulKernel.Parameters(type: .f32)
    product.transB = true
    return product.pack(matrix)
  }
}
