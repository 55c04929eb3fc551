public import ApusCore

/// The gate of a squeeze-and-excitation layer: `outer(expand · inner(reduce · mean(x)))`.
///
/// Inputs: x `[N, C, …]`, reduce `[S, C, 1…]`, optional bias `[S]`, expand `[C, S, 1…]`, optional bias `[C]`. Output:
/// one FP32 factor an image and channel, `[N, C, 1…]`, whatever the type of x is. Hu et al.,
/// "Squeeze-and-excitation networks", 2018.
public struct SqueezeExcitation: Operator {
  /// Applied to the first product and to the second.
  public var inner = Activation.none
  public var outer = Activation.none

  public init() {}

  public init(inner: Activation, outer: Activation) {
    self.inner = inner
    self.outer = outer
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.floating(0)
    guard let shape = try context.shape(0, rank: 3...Int.max) else { return [.tensor(.f32, nil)] }
    return [try gateType(context, of: TensorType(x.dtype, shape), weightsAt: 1)]
  }

  /// Checks the inputs from `first` on, and gives the type of the gate of a tensor.
  func gateType(_ context: InferenceContext, of type: TensorType, weightsAt first: Int) throws -> ValueType {
    guard let shape = type.shape else { return .tensor(.f32, nil) }
    for index in first..<first + 4 { try context.expect(type.dtype, at: index) }
    _ = (try context.tensor(first), try context.tensor(first + 2))
    let rank = shape.count...shape.count
    if let reduce = try context.shape(first, rank: rank),
      let expand = try context.shape(first + 2, rank: rank)
    {
      _ = try unified(reduce[1], shape[1], "channels")
      _ = try unified(expand[0], shape[1], "channels")
      _ = try unified(expand[1], reduce[0], "squeezed channels")
      if let bias = try context.shape(first + 1, rank: 1...1) {
        _ = try unified(bias[0], reduce[0], "bias size")
      }
      if let bias = try context.shape(first + 3, rank: 1...1) {
        _ = try unified(bias[0], expand[0], "bias size")
      }
    }
    return .tensor(.f32, shape[..<2] + shape[2...].map { _ in 1 })
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    [.tensor(try gate(of: try operands.tensor(0, rank: 3...Int.max), operands, weightsAt: 1))]
  }

  /// The gate of `x`; weights and biases are the operands from `first` on.
  func gate(of x: Tensor, _ operands: Operands, weightsAt first: Int) throws -> Tensor {
    let (batch, channels, plane) = (x.shape[0], x.shape[1], x.shape[2...].reduce(1, *))
    let values = x.doubles()
    let means = (0..<batch * channels).map {
      values[$0 * plane..<($0 + 1) * plane].reduce(0, +) / Double(plane)
    }
    let squeezed = try product(means, batch, operands, first, inner)
    let gate = try product(squeezed, batch, operands, first + 2, outer)
    return Tensor(doubles: gate, .f32, x.shape[..<2] + x.shape[2...].map { _ in 1 })
  }

  private func product(
    _ rows: [Double], _ batch: Int, _ operands: Operands, _ index: Int, _ activation: Activation
  ) throws -> [Double] {
    let tensor = try operands.tensor(index)
    let (n, k) = (tensor.shape[0], tensor.shape[1])
    try require(rows.count == batch * k && tensor.elementCount == n * k, "weights \(tensor.shape)")
    let (weights, bias) = (tensor.doubles(), operands.optional(index + 1)?.doubles())
    return (0..<batch * n).map { place in
      let (row, column) = (place / n * k, place % n)
      let sum = (0..<k).reduce(bias?[column] ?? 0) { $0 + rows[row + $1] * weights[column * k + $1] }
      return activation.apply(sum)
    }
  }
}
