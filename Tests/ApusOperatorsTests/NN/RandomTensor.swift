import ApusCore

/// Numbers between -1 and 1 from a seed, for comparing references with plainer ones.
func randomTensor(_ shape: [Int], seed: UInt64, _ dtype: DType = .f32) -> Tensor {
  var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
  let numbers = (0..<shape.elementCount).map { _ in
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Double(Int64(bitPattern: state) >> 11) / Double(1 << 52)
  }
  return Tensor(doubles: numbers, dtype, shape)
}

/// All indices of a shape.
func allPositions(_ shape: [Int]) -> [[Int]] {
  var positions: [[Int]] = []
  forEachIndex(shape) { positions.append($0) }
  return positions
}

/// Types that `op` infers for tensor inputs.
func inferred(_ op: some Operator, _ inputs: TensorType?...) throws -> [ValueType] {
  try op.infer(InferenceContext(inputs: inputs.map { $0.map(ValueType.tensor) }))
}

/// Whether two lists agree to `tolerance`.
func close(_ a: [Double], _ b: [Double], _ tolerance: Double = 1e-5) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance * max(1, abs($1)) }
}
