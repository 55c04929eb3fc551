public import ApusCore

/// MatMul of quantized matrices with a quantized result. Inputs: a, its scale and zero point, b, its scale and zero
/// point, scale and zero point of the result. ONNX QLinearMatMul 10, 21.
public struct QLinearMatMul: Operator {
  public static var importers: [Importer] {
    [.onnx("QLinearMatMul", since: 10) { _ in QLinearMatMul() }]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    try context.check(quantizedTypes, at: 0, 2, 3, 5, 7)
    try context.check(.floats, at: 1, 4, 6)
    let dtype = try context.tensor(7).dtype
    return try MatMul().infer(context.asFloats([0, 3])).map { $0.with(dtype) }
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (a, b) = (try operands.tensor(0, quantizedTypes), try operands.tensor(3, quantizedTypes))
    let (row, column) = (max(a.rank - 2, 0), max(b.rank - 1, 0))
    let x = try scaled(a.centered(operands.optional(2), axis: row), operands.tensor(1), axis: row)
    let y = try scaled(b.centered(operands.optional(5), axis: column), operands.tensor(4), axis: column)
    guard let sums = try MatMul().evaluate(Operands([x, y])).first?.tensor else { return [] }
    let (scale, zero) = (try operands.tensor(6).doubles(), try operands.tensor(7))
    let zeros = zero.doubles()
    guard let scale = scale.first, let offset = zeros.first, zeros.count == 1 else {
      throw OperatorError(.shapeMismatch, "scale and zero point of the result must be scalars")
    }
    return [
      .tensor(
        .requantized(
          sums.doubles(), scale: { _ in 1 / scale }, zeroPoint: { _ in offset }, zero.dtype, sums.shape))
    ]
  }

  private func scaled(_ x: Tensor, _ scale: Tensor, axis: Int) throws -> Tensor {
    let layout = try QuantizationLayout(
      x.shape, parameters: scale.rank > 1 ? [scale.elementCount] : scale.shape, axis: axis, blockSize: 0)
    let scales = scale.doubles()
    let results = x.doubles().enumerated().map { $1 * scales[layout.parameter($0)] }
    return Tensor(doubles: results, .f64, x.shape)
  }
}
