public import ApusCore

/// Normalizes every plane (batch element and channel) by its own mean and variance: x `[N, C, …]`, scale and bias `[C]`.
/// ONNX InstanceNormalization 1, 6, 22.
public struct InstanceNormalization: Operator {
  public var epsilon = 1e-5

  public static var importers: [Importer] {
    [
      .onnx("InstanceNormalization") { node in
        var op = InstanceNormalization()
        op.epsilon = try node.float("epsilon", default: 1e-5)
        return op
      }
    ]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.floating(0)
    let shape = try context.shape(0, rank: 3...Int.max)
    for index in 1..<3 {
      _ = try context.tensor(index)
      try context.expect(x.dtype, at: index)
      if let shape, let given = try context.shape(index, rank: 1...1) {
        _ = try unified(given[0], shape[1], "size of input \(index)")
      }
    }
    return [.tensor(x)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0, rank: 3...Int.max)
    let (scale, bias) = (try operands.tensor(1).doubles(), try operands.tensor(2).doubles())
    let channels = x.shape[1]
    try require(
      scale.count == channels && bias.count == channels, "scale and bias must have \(channels) elements")
    var values = x.doubles()
    normalizeGroups(&values, size: x.shape[2...].reduce(1, *), epsilon: epsilon)
    let plane = x.shape[2...].reduce(1, *)
    for index in values.indices {
      let channel = index / plane % channels
      values[index] = values[index] * scale[channel] + bias[channel]
    }
    return [.tensor(Tensor(doubles: values, x.dtype, x.shape))]
  }
}

/// Brings every run of `size` elements to mean 0 and variance 1.
func normalizeGroups(_ values: inout [Double], size: Int, epsilon: Double) {
  guard size > 0 else { return }
  for start in stride(from: 0, to: values.count, by: size) {
    let range = start..<start + size
    let mean = values[range].reduce(0, +) / Double(size)
    let variance = values[range].reduce(0.0) { $0 + ($1 - mean) * ($1 - mean) } / Double(size)
    let inverse = 1 / (variance + epsilon).squareRoot()
    for index in range { values[index] = (values[index] - mean) * inverse }
  }
}
