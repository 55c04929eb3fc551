public import ApusCore

/// Normalizes over the axes from `axis` on: `(x - mean) / sqrt(variance + epsilon) * scale + bias`.
///
/// Scale and the optional bias broadcast to x. Further outputs: the mean and the inverse of the standard deviation,
/// with the normalized axes kept as 1. ONNX LayerNormalization 17; version 1 of ONNX Runtime.
public struct LayerNormalization: Operator {
  public var axis = -1
  public var epsilon = 1e-5
  /// Element type of the statistics.
  public var stash = DType.f32

  public static var importers: [Importer] {
    [
      .onnx("LayerNormalization") { node in
        LayerNormalization(
          axis: try node.int("axis", default: -1), epsilon: try node.float("epsilon", default: 1e-5),
          stash: try node.floatType("stash_type", default: .f32))
      },
      .skipNormalization("SkipLayerNormalization", hasShift: true) {
        LayerNormalization(axis: -1, epsilon: $0)
      },
    ]
  }

  public init() {}

  public init(axis: Int, epsilon: Double, stash: DType = .f32) {
    self.axis = axis
    self.epsilon = epsilon
    self.stash = stash
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.floating(0)
    _ = try context.floating(1)
    guard let shape = x.shape else { return [.tensor(x), .tensor(stash, nil), .tensor(stash, nil)] }
    let axis = try normalizedAxis(axis, rank: shape.count)
    for index in 1..<3 {
      guard let given = context.optional(index)?.shape else { continue }
      try require(given.count <= shape.count, "input \(index) has more axes than x")
      for (a, b) in zip(given.reversed(), shape.reversed()) where a != 1 {
        _ = try unified(a, b, "size of input \(index)")
      }
    }
    let statistics = ValueType.tensor(stash, shape[..<axis] + shape[axis...].map { _ in 1 })
    return [.tensor(x), statistics, statistics]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (x, scale) = (try operands.tensor(0), try operands.tensor(1))
    let axis = try normalizedAxis(axis, rank: x.rank)
    let inner = x.shape[axis...].reduce(1, *)
    let outer = x.shape[..<axis].reduce(1, *)
    let values = x.doubles()
    let factors = try broadcast(scale, over: x.shape)
    let addends = try operands.optional(2).map { try broadcast($0, over: x.shape) }
    var result = [Double](repeating: 0, count: values.count)
    var (means, inverses): ([Double], [Double]) = ([], [])
    for row in 0..<outer {
      let range = row * inner..<(row + 1) * inner
      let mean = values[range].reduce(0, +) / Double(inner)
      let variance = values[range].reduce(0.0) { $0 + ($1 - mean) * ($1 - mean) } / Double(inner)
      let inverse = 1 / (variance + epsilon).squareRoot()
      for index in range {
        result[index] = (values[index] - mean) * inverse * factors(index) + (addends?(index) ?? 0)
      }
      means.append(mean)
      inverses.append(inverse)
    }
    let reduced = x.shape[..<axis] + x.shape[axis...].map { _ in 1 }
    return [
      .tensor(Tensor(doubles: result, x.dtype, x.shape)),
      .tensor(Tensor(doubles: means, stash, Array(reduced))),
      .tensor(Tensor(doubles: inverses, stash, Array(reduced))),
    ]
  }
}

/// Reads `tensor` as if broadcast to `shape`, by the index of an element of `shape`.
func broadcast(_ tensor: Tensor, over shape: [Int]) throws -> (Int) -> Double {
  let elements = tensor.doubles()
  guard try Broadcasting.shape([tensor.shape, shape]) == shape else {
    throw OperatorError(.shapeMismatch, "\(tensor.shape) does not broadcast to \(shape)")
  }
  if let first = elements.first, elements.count == 1 { return { _ in first } }
  if !elements.isEmpty, Array(shape.suffix(tensor.rank)) == tensor.shape {
    return { elements[$0 % elements.count] }
  }
  let positions = Broadcasting.positions(of: tensor.shape, over: shape)
  return { elements[positions[$0]] }
}
