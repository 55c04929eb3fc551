public import ApusCore

/// Attention whose query, key and value lie side by side, as one product with all three weights leaves them.
///
/// Inputs: `[batch, length, 3 * heads * size]`, all heads of the queries, then of the keys, then of the values; an
/// optional mask as that of `ScaledDotProductAttention`. Output: `[batch, length, heads * size]`.
public struct PackedAttention: SampledReference {
  /// Its heads lie within the last axis.
  public var attention = ScaledDotProductAttention()

  public init() {}

  public init(_ attention: ScaledDotProductAttention) { self.attention = attention }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let dtype = try context.floating(0).dtype
    try require(attention.heads > 0, attribute: "heads", value: attention.heads, allowed: "1 and more")
    if let mask = context.optional(1), mask.dtype != .bool { try context.expect(dtype, at: 1) }
    guard let shape = try context.shape(0, rank: 3...3) else { return [.tensor(dtype, nil)] }
    if let features = shape[2].value {
      try require(
        features % (3 * attention.heads) == 0,
        "\(features) features do not divide into query, key and value of \(attention.heads) heads")
    }
    let part = ValueType.tensor(dtype, [shape[0], shape[1], shape[2].floorDiv(3)])
    let mask = context.optional(1).map { ValueType.tensor($0.dtype, $0.shape) }
    return try attention.infer(InferenceContext(inputs: [part, part, part, mask]))
  }

  /// The operands of attention.
  private func parts(_ operands: Operands) throws -> Operands {
    let packed = try operands.tensor(0, rank: 3...3)
    let sizes = [Int](repeating: packed.shape[2] / 3, count: 3).map { Int64($0) }
    let parts = try Split(axis: 2).evaluate(Operands([packed, Tensor(sizes)], outputCount: 3))
    return Operands(parts.map(\.tensor) + [operands.optional(1)], outputCount: 1)
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    try attention.evaluate(try parts(operands))
  }

  public func evaluate(at positions: [[Int]], of output: Int, _ operands: Operands) throws -> [Double] {
    try attention.evaluate(at: positions, of: output, try parts(operands))
  }
}
