import ApusCore

/// What a loss does with the losses of single elements.
public enum LossReduction: String, Hashable, Sendable, Codable {
  case none, mean, sum

  init(onnx node: SourceNode) throws {
    let name = try node.string("reduction", default: "mean")
    guard let reduction = LossReduction(rawValue: name) else {
      throw OperatorError(
        .unsupportedAttribute, "unknown reduction", attribute: "reduction", value: name,
        allowed: "none, mean, sum")
    }
    self = reduction
  }
}

/// Losses of class scores `[N, C, …]` against labels `[N, …]`, with an optional weight for each class.
struct ClassLoss {
  let reduction: LossReduction
  let ignoredLabel: Int?

  /// Type of the loss.
  func infer(_ context: InferenceContext) throws -> ValueType {
    let x = try context.floating(0)
    let labels = try context.tensor(1)
    guard labels.dtype == .i32 || labels.dtype == .i64 else {
      throw OperatorError(
        .typeMismatch, "labels are \(labels.dtype.rawValue)", value: labels.dtype.rawValue,
        allowed: "i32, i64")
    }
    try context.expect(x.dtype, at: 2)
    let shape = try context.shape(0, rank: 2...Int.max)
    if let shape {
      let rest = [shape[0]] + shape[2...]
      if let given = labels.shape {
        try require(given.count == rest.count, "labels have rank \(given.count), not \(rest.count)")
        for (a, b) in zip(given, rest) { _ = try unified(a, b, "size of labels") }
      }
      if let weight = try context.shape(2, rank: 1...1) {
        _ = try unified(weight[0], shape[1], "number of weights")
      }
      if reduction == .none { return .tensor(x.dtype, rest) }
    }
    return .tensor(x.dtype, reduction == .none ? labels.shape : [])
  }

  /// Loss for logarithms of probabilities `scores` of `shape`.
  func evaluate(_ scores: [Double], _ shape: [Int], _ operands: Operands, _ dtype: DType) throws -> Tensor {
    let labels = try operands.tensor(1)
    try require(
      shape.count >= 2 && labels.shape == [shape[0]] + shape[2...],
      "labels \(labels.shape) for scores \(shape)")
    let (classes, plane) = (shape[1], shape[2...].reduce(1, *))
    let weights = operands.optional(2)?.doubles()
    try require(weights.map { $0.count == classes } ?? true, "one weight a class is needed (\(classes))")
    var (losses, total): ([Double], Double) = ([], 0)
    for (index, label) in labels.integers().map({ Int($0) }).enumerated() {
      if label == ignoredLabel {
        losses.append(0)
        continue
      }
      guard label >= 0 && label < classes else {
        throw OperatorError(.invalidValue, "label \(label) is no class", allowed: "0..<\(classes)")
      }
      let weight = weights?[label] ?? 1
      losses.append(-scores[(index / plane * classes + label) * plane + index % plane] * weight)
      total += weight
    }
    switch reduction {
    case .none: return Tensor(doubles: losses, dtype, labels.shape)
    case .sum: return Tensor(doubles: [losses.reduce(0, +)], dtype, [])
    case .mean: return Tensor(doubles: [losses.reduce(0, +) / total], dtype, [])
    }
  }
}
