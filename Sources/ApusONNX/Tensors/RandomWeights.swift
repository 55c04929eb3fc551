import ApusCore

extension Tensor {
  /// Weights for a model whose file has none, for timing and comparing: the same for a seed and a name.
  ///
  /// Matrices and filters are drawn so that activations keep their magnitude from layer to layer; vectors (biases,
  /// scales, variances) lie in 0.5...1.5, which all of them may.
  static func randomWeights(_ dtype: DType, _ shape: [Int], named name: String, seed: UInt64) -> Tensor {
    var generator = Xoshiro256(seed: seed, stream: name)
    let count = shape.elementCount
    let inputs = shape.count == 2 ? shape[0] : shape.dropFirst().reduce(1, *)
    let limit = (6 / Double(max(inputs, 1))).squareRoot()
    let (low, width) = shape.count < 2 ? (0.5, 1.0) : (-limit, 2 * limit)
    if dtype == .f32 {
      return Tensor((0..<count).map { _ in Float(low + width * generator.uniform()) }, shape: shape)
    }
    return Tensor(doubles: (0..<count).map { _ in low + width * generator.uniform() }, dtype, shape)
  }
}
