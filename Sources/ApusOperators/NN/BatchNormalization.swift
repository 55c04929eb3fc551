public import ApusCore

/// `(x - mean) / sqrt(variance + epsilon) * scale + bias` for each channel (axis 1).
///
/// Inputs: x `[N, C, …]`, scale, bias, mean, variance `[C]`. In training mode the batch's own statistics are used,
/// and the further outputs are the running mean and variance, then the batch's mean and variance.
/// ONNX BatchNormalization 1, 6, 7, 9, 14, 15.
public struct BatchNormalization: Operator {
  public var epsilon = 1e-5
  public var momentum = 0.9
  public var trainingMode = false
  /// Whether one statistic serves a whole channel; else each position after the batch axis has its own.
  public var spatial = true

  public static var importers: [Importer] {
    [
      .onnx("BatchNormalization", since: 14) { node in
        try BatchNormalization(onnx: node, training: node.bool("training_mode", default: false))
      },
      .onnx("BatchNormalization", since: 1, until: 13) { node in
        // Training is told by the further outputs: exporters leave 'is_test' at its default of 0.
        var op = try BatchNormalization(
          onnx: node, training: node.outputs.dropFirst().contains { !$0.isEmpty })
        op.spatial = try node.bool("spatial", default: true)
        return op
      },
    ]
  }

  public init() {}

  private init(onnx node: SourceNode, training: Bool) throws {
    epsilon = try node.float("epsilon", default: 1e-5)
    momentum = try node.float("momentum", default: 0.9)
    trainingMode = training
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.floating(0)
    for index in [1, 2, 4] { _ = try context.floating(index) }
    let mean = try context.floating(3)
    var statistics: Shape?
    if let shape = try context.shape(0, rank: 1...Int.max) {
      let features: Shape = spatial ? [shape.count > 1 ? shape[1] : 1] : Array(shape.dropFirst())
      statistics = features
      for index in 1..<5 {
        guard let given = context.optional(index)?.shape else { continue }
        try require(given.count == features.count, "input \(index) has rank \(given.count)")
        for (a, b) in zip(given, features) { _ = try unified(a, b, "size of input \(index)") }
      }
    }
    return [.tensor(x)] + [ValueType](repeating: .tensor(mean.dtype, statistics), count: 4)
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0, rank: 1...Int.max)
    let parameters = try (1..<5).map { try operands.tensor($0).doubles() }
    let batch = x.shape[0]
    let features = spatial ? (x.rank > 1 ? x.shape[1] : 1) : x.shape[1...].reduce(1, *)
    let inner = spatial ? x.shape.dropFirst(2).reduce(1, *) : 1
    try require(
      parameters.allSatisfy { $0.count == features },
      "scale, bias, mean and variance must have \(features) elements")
    let values = x.doubles()
    var (means, variances) = (parameters[2], parameters[3])
    if trainingMode {
      (means, variances) = statistics(values, batch: batch, features: features, inner: inner)
    }
    var result = values
    for row in 0..<batch * features {
      let feature = row % features
      let factor = parameters[0][feature] / (variances[feature] + epsilon).squareRoot()
      for index in row * inner..<(row + 1) * inner {
        result[index] = (values[index] - means[feature]) * factor + parameters[1][feature]
      }
    }
    let y = Value.tensor(Tensor(doubles: result, x.dtype, x.shape))
    guard trainingMode else { return [y] }
    let mean = try operands.tensor(3)
    let running = zip(parameters[2], means).map { $0 * momentum + $1 * (1 - momentum) }
    let runningVariance = zip(parameters[3], variances).map { $0 * momentum + $1 * (1 - momentum) }
    return [y]
      + [running, runningVariance, means, variances].map {
        .tensor(Tensor(doubles: $0, mean.dtype, mean.shape))
      }
  }

  /// Mean and population variance of each feature.
  private func statistics(
    _ values: [Double], batch: Int, features: Int, inner: Int
  ) -> ([Double], [Double]) {
    var (means, variances) = (
      [Double](repeating: 0, count: features), [Double](repeating: 0, count: features)
    )
    let count = Double(batch * inner)
    for row in 0..<batch * features {
      for value in values[row * inner..<(row + 1) * inner] { means[row % features] += value / count }
    }
    for row in 0..<batch * features {
      for value in values[row * inner..<(row + 1) * inner] {
        let difference = value - means[row % features]
        variances[row % features] += difference * difference / count
      }
    }
    return (means, variances)
  }
}
