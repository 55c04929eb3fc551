public import ApusCore

/// `-x[label] * weight[label]` for logarithms of probabilities `[N, C, …]` and labels `[N, …]`.
/// ONNX NegativeLogLikelihoodLoss 12, 13, 22.
public struct NegativeLogLikelihoodLoss: Operator {
  public var reduction = LossReduction.mean
  /// Label whose elements do not count.
  public var ignoredLabel: Int?

  public static var importers: [Importer] {
    [
      .onnx("NegativeLogLikelihoodLoss", since: 12) { node in
        var op = NegativeLogLikelihoodLoss()
        op.reduction = try LossReduction(onnx: node)
        op.ignoredLabel = try node.int("ignore_index")
        return op
      }
    ]
  }

  public init() {}

  private var loss: ClassLoss { ClassLoss(reduction: reduction, ignoredLabel: ignoredLabel) }

  public func infer(_ context: InferenceContext) throws -> [ValueType] { [try loss.infer(context)] }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0)
    return [.tensor(try loss.evaluate(x.doubles(), x.shape, operands, x.dtype))]
  }
}
