public import ApusCore

/// In training mode (input 2) zeroes elements with probability `ratio` (input 1, default 0.5) and scales the others up,
/// otherwise the identity; output 1 tells which elements were kept. ONNX Dropout 1, 6, 7, 10 (attributes), 12, 13, 22.
public struct Dropout: Operator {
  public var seed: Int?

  public static var importers: [Importer] {
    [
      .onnx("Dropout", since: 12) { node, scope in
        try add(Dropout(seed: try node.int("seed")), node.inputs, for: node, scope)
      },
      .onnx("Dropout", since: 7, until: 11) { node, scope in
        try add(Dropout(), [node.inputs.first ?? nil], for: node, scope)
      },
      .onnx("Dropout", since: 1, until: 6) { node, scope in
        let x = node.inputs.first ?? nil
        guard try !node.bool("is_test", default: false) else {
          return try add(Dropout(), [x], for: node, scope)
        }
        let ratio = Tensor(scalar: Float(try node.float("ratio", default: 0.5)))
        return try scope.add(
          Dropout(), [x, scope.constant(ratio), scope.constant(Tensor(scalar: true))], for: node)
      },
    ]
  }

  /// Without training mode and mask nothing random is left.
  private static func add(
    _ op: Dropout, _ inputs: [ValueID?], for node: SourceNode, _ scope: ImportScope
  ) throws -> [ValueID?] {
    let training = inputs.count > 2 && inputs[2] != nil
    let masked = node.outputs.count > 1 && !node.outputs[1].isEmpty
    guard !training && !masked else { return try scope.add(op, inputs, for: node) }
    return try scope.add(Identity(), [inputs.first ?? nil], for: node)
  }

  public init() {}
  public init(seed: Int?) { self.seed = seed }

  public var traits: OperatorTraits { .nondeterministic }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    if let ratio = context.optional(1) { try ElementTypes.floats.check(ratio.dtype, "the ratio") }
    if let training = context.optional(2) { try ElementTypes.bool.check(training.dtype, "training_mode") }
    return [.tensor(x), .tensor(.bool, x.shape)]
  }

  public func propagate(_ context: InferenceContext) -> [Contents?] {
    context.isPresent(2) ? [] : [context.contents(0)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0)
    let ratio = operands.optional(1)?.doubles().first ?? 0.5
    let training = operands.optional(2)?.integers().first ?? 0
    guard training != 0, ratio != 0 else {
      return [.tensor(x), .tensor(Tensor([Bool](repeating: true, count: x.elementCount), shape: x.shape))]
    }
    guard ratio > 0 && ratio < 1 else {
      throw OperatorError(.invalidValue, "the ratio is no probability", value: "\(ratio)", allowed: "0..<1")
    }
    var source = RandomSource(seed: seed.map { Double($0) })
    let kept = (0..<x.elementCount).map { _ in source.uniform() >= ratio }
    let scaled = zip(x.doubles(), kept).map { $1 ? $0 / (1 - ratio) : 0 }
    return [.tensor(Tensor(doubles: scaled, x.dtype, x.shape)), .tensor(Tensor(kept, shape: x.shape))]
  }
}
