public import ApusCore

/// Ones with the probability that the input gives for each place, else zeros. ONNX Bernoulli 15, 22.
public struct Bernoulli: Operator {
  public var dtype: DType?
  public var seed: Double?

  public static var importers: [Importer] {
    [
      .onnx("Bernoulli", since: 15) { node in
        var op = Bernoulli()
        op.dtype = try node.dtype("dtype")
        op.seed = try node.float("seed")
        return op
      }
    ]
  }

  public init() {}
  public var traits: OperatorTraits { .nondeterministic }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    try ElementTypes.floats.check(x.dtype)
    try ElementTypes.numbersAndBool.check(dtype ?? x.dtype, "the output")
    return [.tensor(dtype ?? x.dtype, x.shape)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0, .floats)
    var source = RandomSource(seed: seed)
    let draws = x.doubles().map { source.uniform() < $0 ? 1.0 : 0 }
    return [.tensor(Tensor(doubles: draws, dtype ?? x.dtype, x.shape))]
  }
}
