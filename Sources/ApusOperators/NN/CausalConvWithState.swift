public import ApusCore

/// Depthwise convolution over the past only: x `[batch, channels, length]`, weight `[channels, 1, k]`, optional bias,
/// optional past state `[batch, channels, k - 1]` that stands before x. The second output is the state after it.
/// ONNX CausalConvWithState 27.
public struct CausalConvWithState: Operator {
  public var activation = Activation.none

  public static var importers: [Importer] {
    [
      .onnx("CausalConvWithState", since: 27) { node in
        var op = CausalConvWithState()
        switch try node.string("activation", default: "none") {
        case "none": break
        case "silu", "swish": op.activation = Activation(.silu)
        case let name:
          throw OperatorError(
            .unsupportedAttribute, "unknown activation", attribute: "activation", value: name,
            allowed: "none, silu, swish")
        }
        return op
      }
    ]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.floating(0)
    _ = try context.tensor(1)
    for index in 1..<4 { try context.expect(x.dtype, at: index) }
    guard let shape = try context.shape(0, rank: 3...3), let weight = try context.shape(1, rank: 3...3) else {
      return [.tensor(x), .tensor(x.dtype, nil)]
    }
    _ = try unified(shape[1], weight[0], "channels")
    try require((weight[2].value ?? 1) > 0, "the kernel is empty")
    return [.tensor(x), .tensor(x.dtype, [shape[0], shape[1], weight[2] - 1])]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (x, w) = (try operands.tensor(0, rank: 3...3), try operands.tensor(1, rank: 3...3))
    let (batch, channels, length, k) = (x.shape[0], x.shape[1], x.shape[2], w.shape[2])
    let before = max(k - 1, 0)
    try require(w.shape == [channels, 1, k] && k > 0, "the weight is \(w.shape), not [\(channels), 1, k]")
    let past = operands.optional(3)
    try require(
      past.map { $0.shape == [batch, channels, before] } ?? true, "the past state has the wrong shape")
    let (values, weights, state) = (x.doubles(), w.doubles(), past?.doubles())
    let bias = operands.optional(2)?.doubles()
    try require(bias.map { $0.count == channels } ?? true, "the bias has the wrong size")
    var (result, present): ([Double], [Double]) = ([], [])
    for row in 0..<batch * channels {
      let line =
        (state.map { Array($0[row * before..<(row + 1) * before]) } ?? [Double](repeating: 0, count: before))
        + values[row * length..<(row + 1) * length]
      for place in 0..<length {
        var sum = bias?[row % channels] ?? 0
        for tap in 0..<k { sum += line[place + tap] * weights[row % channels * k + tap] }
        result.append(activation.apply(sum))
      }
      present += line.suffix(before)
    }
    return [
      .tensor(Tensor(doubles: result, x.dtype, x.shape)),
      .tensor(Tensor(doubles: present, x.dtype, [batch, channels, before])),
    ]
  }
}
