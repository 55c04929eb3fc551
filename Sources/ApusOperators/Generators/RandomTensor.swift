import ApusCore

/// A tensor of random numbers, shaped by an attribute or (the `Like` forms) as the input.
protocol RandomTensor: Operator {
  var dtype: DType? { get set }
  var seed: Double? { get set }
  /// nil: as the input.
  var fixedShape: [Int]? { get }
  /// Parameters of the distribution.
  mutating func setParameters(_ node: SourceNode) throws
  func sample(_ source: inout RandomSource) -> Double
}

extension RandomTensor {
  static func importers(since: Int = 1) -> [Importer] {
    [
      .onnx(name, since: since) { node in
        var op = Self()
        op.dtype = try node.dtype("dtype")
        op.seed = try node.float("seed")
        try op.setParameters(node)
        return op
      }
    ]
  }

  public var traits: OperatorTraits { .nondeterministic }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    if let fixedShape {
      guard fixedShape.allSatisfy({ $0 >= 0 }) else {
        throw OperatorError(.invalidAttribute, "a size is below zero", attribute: "shape")
      }
      try ElementTypes.floats.check(dtype ?? .f32, "the output")
      return [.tensor(dtype ?? .f32, Shape(fixedShape))]
    }
    let x = try context.tensor(0)
    try ElementTypes.floats.check(dtype ?? x.dtype, "the output")
    return [.tensor(dtype ?? x.dtype, x.shape)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let like = fixedShape == nil ? try operands.tensor(0) : nil
    let shape = fixedShape ?? like?.shape ?? []
    try TensorMemory.check(shape)
    var source = RandomSource(seed: seed)
    let samples = (0..<shape.elementCount).map { _ in sample(&source) }
    return [.tensor(Tensor(doubles: samples, dtype ?? like?.dtype ?? .f32, shape))]
  }
}
