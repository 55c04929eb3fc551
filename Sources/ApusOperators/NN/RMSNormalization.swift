public import ApusCore

/// `x / sqrt(mean(x²) + epsilon) * scale` over the axes from `axis` on. ONNX RMSNormalization 23; ONNX Runtime's
/// SimplifiedLayerNormalization 1.
public struct RMSNormalization: Operator {
  public var axis = -1
  public var epsilon = 1e-5
  /// Element type of the second output, which only SimplifiedLayerNormalization has.
  public var stash = DType.f32

  public static var importers: [Importer] {
    ["RMSNormalization", "SimplifiedLayerNormalization"].map { name in
      .onnx(name) { node in
        RMSNormalization(
          axis: try node.int("axis", default: -1), epsilon: try node.float("epsilon", default: 1e-5),
          stash: try node.floatType("stash_type", default: .f32))
      }
    } + [
      .skipNormalization("SkipSimplifiedLayerNormalization", hasShift: false) {
        RMSNormalization(axis: -1, epsilon: $0)
      }
    ]
  }

  public init() {}

  public init(axis: Int, epsilon: Double, stash: DType = .f32) {
    self.axis = axis
    self.epsilon = epsilon
    self.stash = stash
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let (x, scale) = (try context.floating(0), try context.floating(1))
    guard let shape = x.shape else { return [.tensor(scale.dtype, nil), .tensor(stash, nil)] }
    let axis = try normalizedAxis(axis, rank: shape.count)
    if let given = scale.shape {
      try require(given.count <= shape.count, "scale has more axes than x")
      for (a, b) in zip(given.reversed(), shape.reversed()) where a != 1 {
        _ = try unified(a, b, "size of scale")
      }
    }
    return [.tensor(scale.dtype, shape), .tensor(stash, shape[..<axis] + shape[axis...].map { _ in 1 })]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (x, scale) = (try operands.tensor(0), try operands.tensor(1))
    let axis = try normalizedAxis(axis, rank: x.rank)
    let inner = x.shape[axis...].reduce(1, *)
    let factors = try broadcast(scale, over: x.shape)
    var values = x.doubles()
    var inverses: [Double] = []
    for row in 0..<x.shape[..<axis].reduce(1, *) {
      let range = row * inner..<(row + 1) * inner
      let mean = values[range].reduce(0.0) { $0 + $1 * $1 } / Double(inner)
      let inverse = 1 / (mean + epsilon).squareRoot()
      for index in range { values[index] *= inverse * factors(index) }
      inverses.append(inverse)
    }
    return [
      .tensor(Tensor(doubles: values, scale.dtype, x.shape)),
      .tensor(Tensor(doubles: inverses, stash, x.shape[..<axis] + x.shape[axis...].map { _ in 1 })),
    ]
  }
}
