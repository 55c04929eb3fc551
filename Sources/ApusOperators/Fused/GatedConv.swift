public import ApusCore

/// A convolution of an input that is multiplied channel by channel first: what follows a squeeze-and-excitation layer.
///
/// Inputs: those of `Conv` (x, weight, bias, residual), then the FP32 gate `[N, C, 1…]`.
public struct GatedConv: Operator {
  public var conv = Conv()

  /// Position of the gate among the inputs.
  public static let gate = 4

  public init() {}
  public init(conv: Conv) { self.conv = conv }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let gate = try context.tensor(Self.gate)
    try require(gate.dtype == .f32, "the gate is \(gate.dtype.rawValue), not f32")
    if let input = try context.shape(0, rank: 3...Int.max),
      let shape = try context.shape(Self.gate, rank: input.count...input.count)
    {
      for axis in 0..<2 { _ = try unified(shape[axis], input[axis], "gate size") }
      try require(shape[2...].allSatisfy { $0 == 1 }, "the gate differs between pixels: \(shape)")
    }
    return try conv.infer(context)
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (x, gate) = (try operands.tensor(0, rank: 3...Int.max), try operands.tensor(Self.gate).doubles())
    let plane = x.shape[2...].reduce(1, *)
    try require(gate.count == x.shape[0] * x.shape[1], "\(gate.count) factors for x \(x.shape)")
    var values = x.doubles()
    for index in values.indices { values[index] *= gate[index / plane] }
    var gated = operands.values
    gated[0] = .tensor(Tensor(doubles: values, x.dtype, x.shape))
    return try conv.evaluate(Operands(gated, outputCount: operands.outputCount))
  }
}
