public import ApusCore
import ApusOperators

/// Attention over query, key and value side by side: every form of mask, rows that see nothing, odd sizes.
///
/// - Parameter sizes: Elements of a head.
public func packedAttentionCases(_ dtype: DType, sizes: [Int]) -> [NodeCase] {
  sizes.flatMap { size in
    func attention(_ heads: Int, _ length: Int, _ mask: NodeCase.Input? = nil, zeroesNaN: Bool = false)
      -> NodeCase
    {
      let op = ScaledDotProductAttention(scale: 0.3, heads: heads, zeroesNaN: zeroesNaN)
      let inputs = [NodeCase.Input.fed(dtype, [nil, length, 3 * heads * size])] + [mask].compactMap { $0 }
      return NodeCase(PackedAttention(op), inputs, batches: [3], tolerance: dtype == .f16 ? 3e-3 : nil)
    }
    return [
      attention(3, 37), attention(1, 70, .fed(dtype, [nil, 1, 70, 70])),
      attention(2, 19, .fed(dtype, [2, 1, 19])),
      attention(2, 5, .fed(.bool, [nil, 1, 1, 5]), zeroesNaN: true),
    ]
  }
}

/// Convolutions of windows side by side: a line, a plane, odd numbers of patches, every part of the epilogue.
public func patchConvolutionCases(_ dtype: DType) -> [NodeCase] {
  func patches(_ input: [Int?], _ weights: [Int], bias: Bool = true, residual: [Int?]? = nil) -> NodeCase {
    var conv = Conv()
    conv.strides = Array(weights[2...])
    if residual != nil { conv.activation = Activation(.relu) }
    let scale = 1 / Double(weights[1...].reduce(1, *)).squareRoot()
    let inputs: [NodeCase.Input] = [
      .fed(dtype, input), .random(dtype, weights, scale: scale),
      bias ? .random(dtype, [weights[0]]) : .absent,
    ]
    return NodeCase(
      conv, inputs + (residual.map { [.fed(dtype, $0)] } ?? []), batches: [1, 3],
      tolerance: dtype == .f16 ? 4e-3 : nil)
  }
  return [
    patches([nil, 3, 48, 32], [24, 3, 16, 16]),
    patches([nil, 1, 12, 20], [10, 1, 2, 4], bias: false),
    patches([nil, 5, 24], [7, 5, 8]),
    patches([nil, 3, 24, 40], [16, 3, 8, 8], residual: [nil, 16, 3, 5]),
  ]
}
