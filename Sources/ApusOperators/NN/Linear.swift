public import ApusCore

/// `activation(x · w + bias + residual)`: x `[…, K]`, w `[K, N]`, optional bias `[N]`, optional residual of the
/// output's shape. What MatMul and Gemm with a constant weight become.
public struct Linear: SampledReference {
  public var activation = Activation.none

  public init() {}
  public init(activation: Activation) { self.activation = activation }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.floating(0)
    for index in 1..<4 { try context.expect(x.dtype, at: index) }
    _ = try context.tensor(1)
    let weight = try context.shape(1, rank: 2...2)
    guard let input = try context.shape(0, rank: 1...Int.max), let weight else {
      return [.tensor(x.dtype, nil)]
    }
    let output = try MatMul.shape(input, weight)
    if let bias = try context.shape(2, rank: 1...1) { _ = try unified(bias[0], weight[1], "bias size") }
    if let residual = try context.shape(3, rank: output.count...output.count) {
      for (a, b) in zip(residual, output) { _ = try unified(a, b, "residual size") }
    }
    return [.tensor(x.dtype, output)]
  }

  private struct Sizes {
    let (rows, k, n): (Int, Int, Int)
    let shape: [Int]

    init(_ operands: Operands) throws {
      let (x, w) = (try operands.tensor(0), try operands.tensor(1, rank: 2...2))
      shape = try MatMul.shape(Shape(x.shape), Shape(w.shape)).compactMap(\.value)
      (k, n) = (w.shape[0], w.shape[1])
      rows = x.shape.dropLast().reduce(1, *)
      if let bias = operands.optional(2) {
        try require(bias.elementCount == n, "bias of \(bias.elementCount) for \(n) columns")
      }
      if let residual = operands.optional(3) {
        try require(residual.shape == shape, "residual \(residual.shape) against output \(shape)")
      }
    }
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (x, w) = (try operands.tensor(0), try operands.tensor(1))
    let sizes = try Sizes(operands)
    var result = operands.optional(3)?.doubles() ?? [Double](repeating: 0, count: sizes.rows * sizes.n)
    if let bias = operands.optional(2)?.doubles() {
      for index in result.indices { result[index] += bias[index % sizes.n] }
    }
    x.doubles().withUnsafeBufferPointer { x in
      w.doubles().withUnsafeBufferPointer { w in
        result.withUnsafeMutableBufferPointer { y in
          guard let x = x.baseAddress, let w = w.baseAddress, let y = y.baseAddress else { return }
          addMatrixProduct(x, w, y, m: sizes.rows, k: sizes.k, n: sizes.n)
        }
      }
    }
    if activation.kind != .none {
      for index in result.indices { result[index] = activation.apply(result[index]) }
    }
    return [.tensor(Tensor(doubles: result, x.dtype, sizes.shape))]
  }

  public func evaluate(at positions: [[Int]], of output: Int, _ operands: Operands) throws -> [Double] {
    let sizes = try Sizes(operands)
    let (x, w) = (try operands.tensor(0).doubles(), try operands.tensor(1).doubles())
    let (bias, residual) = (operands.optional(2)?.doubles(), operands.optional(3)?.doubles())
    let strides = sizes.shape.rowMajorStrides
    return try positions.map { position in
      try checkPosition(position, in: sizes.shape)
      let flat = zip(position, strides).reduce(0) { $0 + $1.0 * $1.1 }
      let (row, column) = (flat / sizes.n, flat % sizes.n)
      var sum = (bias?[column] ?? 0) + (residual?[flat] ?? 0)
      for inner in 0..<sizes.k { sum += x[row * sizes.k + inner] * w[inner * sizes.n + column] }
      return activation.apply(sum)
    }
  }
}
