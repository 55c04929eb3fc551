import ApusCore

/// Weights for a model whose file has none, for timing and comparing: the same for a seed and a name.
///
/// Matrices and filters are drawn so that results are as large as the activations they come from, which keeps sums over
/// many residual branches within FP16; scales and variances lie around one, other vectors (biases, means) around zero.
struct RandomWeights {
  let seed: UInt64
  /// Tensors that something is multiplied or divided by.
  let scales: Set<String>

  init(seed: UInt64, for graph: Onnx_GraphProto = Onnx_GraphProto()) {
    self.seed = seed
    var scales: Set<String> = []
    for node in graph.node {
      switch node.opType {
      case "BatchNormalization":
        scales.formUnion([1, 4].filter { $0 < node.input.count }.map { node.input[$0] })
      case "Mul", "Div": scales.formUnion(node.input)
      case let name where name.hasSuffix("Normalization") && node.input.count > 1:
        scales.insert(node.input[1])
      default: break
      }
    }
    self.scales = scales
  }

  func tensor(_ dtype: DType, _ shape: [Int], named name: String) -> Tensor {
    var generator = Xoshiro256(seed: seed, stream: name)
    let count = shape.elementCount
    let inputs = shape.count == 2 ? shape[0] : shape.dropFirst().reduce(1, *)
    let limit = shape.count < 2 ? 0.1 : (3 / Double(max(inputs, 1))).squareRoot()
    let (low, width) = scales.contains(name) ? (0.5, 1.0) : (-limit, 2 * limit)
    if dtype == .f32 {
      return Tensor((0..<count).map { _ in Float(low + width * generator.uniform()) }, shape: shape)
    }
    return Tensor(doubles: (0..<count).map { _ in low + width * generator.uniform() }, dtype, shape)
  }
}
