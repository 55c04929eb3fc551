public import ApusCore

/// Cross entropy of scores `[N, C, …]` and labels `[N, …]`; the second output holds the logarithms of the softmax.
/// ONNX SoftmaxCrossEntropyLoss 12, 13.
public struct SoftmaxCrossEntropyLoss: Operator {
  public var reduction = LossReduction.mean
  /// Label whose elements do not count.
  public var ignoredLabel: Int?

  public static var importers: [Importer] {
    [
      .onnx("SoftmaxCrossEntropyLoss", since: 12) { node in
        var op = SoftmaxCrossEntropyLoss()
        op.reduction = try LossReduction(onnx: node)
        op.ignoredLabel = try node.int("ignore_index")
        return op
      }
    ]
  }

  public init() {}

  private var loss: ClassLoss { ClassLoss(reduction: reduction, ignoredLabel: ignoredLabel) }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    [try loss.infer(context), .tensor(try context.tensor(0))]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0, rank: 2...Int.max)
    let (classes, plane) = (x.shape[1], x.shape[2...].reduce(1, *))
    var scores = x.doubles()
    let softmax = LogSoftmax()
    for row in 0..<x.shape[0] * plane {
      let start = row / plane * classes * plane + row % plane
      var line = (0..<classes).map { scores[start + $0 * plane] }
      softmax.normalize(&line)
      for (index, value) in line.enumerated() { scores[start + index * plane] = value }
    }
    return [
      .tensor(try loss.evaluate(scores, x.shape, operands, x.dtype)),
      .tensor(Tensor(doubles: scores, x.dtype, x.shape)),
    ]
  }
}
