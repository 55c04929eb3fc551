public import ApusCore

/// Normalizes groups of neighbouring channels by their mean and variance: x `[N, C, …]`, scale and bias `[C]`, or one
/// element a group with `scalePerGroup`. ONNX GroupNormalization 18 (per group), 21.
public struct GroupNormalization: Operator {
  public var groups = 1
  public var epsilon = 1e-5
  public var scalePerGroup = false

  public static var importers: [Importer] {
    [
      .onnx("GroupNormalization", since: 21) { try GroupNormalization(onnx: $0, scalePerGroup: false) },
      .onnx("GroupNormalization", since: 18, until: 20) {
        try GroupNormalization(onnx: $0, scalePerGroup: true)
      },
    ]
  }

  public init() {}

  private init(onnx node: SourceNode, scalePerGroup: Bool) throws {
    groups = try node.require("num_groups", node.int("num_groups", in: Window.steps))
    epsilon = try node.float("epsilon", default: 1e-5)
    self.scalePerGroup = scalePerGroup
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.floating(0)
    try checkGroups(groups, "num_groups")
    let shape = try context.shape(0, rank: 2...Int.max)
    if let channels = shape?[1].value {
      try require(channels % groups == 0, "\(channels) channels do not divide into \(groups) groups")
    }
    for index in 1..<3 {
      _ = try context.tensor(index)
      try context.expect(x.dtype, at: index)
      if let shape, let given = try context.shape(index, rank: 1...1) {
        _ = try unified(given[0], scalePerGroup ? .constant(groups) : shape[1], "size of input \(index)")
      }
    }
    return [.tensor(x)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0, rank: 2...Int.max)
    let (scale, bias) = (try operands.tensor(1).doubles(), try operands.tensor(2).doubles())
    let channels = x.shape[1]
    try require(
      groups > 0 && channels % groups == 0, "\(channels) channels do not divide into \(groups) groups")
    let expected = scalePerGroup ? groups : channels
    try require(
      scale.count == expected && bias.count == expected, "scale and bias must have \(expected) elements")
    let plane = x.shape[2...].reduce(1, *)
    var values = x.doubles()
    normalizeGroups(&values, size: channels / groups * plane, epsilon: epsilon)
    for index in values.indices {
      let channel = index / plane % channels
      let place = scalePerGroup ? channel / (channels / groups) : channel
      values[index] = values[index] * scale[place] + bias[place]
    }
    return [.tensor(Tensor(doubles: values, x.dtype, x.shape))]
  }
}
