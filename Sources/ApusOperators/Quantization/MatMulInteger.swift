public import ApusCore

/// `(a - a_zero_point) * (b - b_zero_point)` of 8-bit matrices, summed in i32. Zero points are scalars, or one for each
/// row of a and column of b. ONNX MatMulInteger 10.
public struct MatMulInteger: Operator {
  public static var importers: [Importer] {
    [.onnx("MatMulInteger", since: 10) { _ in MatMulInteger() }]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    try context.check(quantizedTypes, at: 0, 1)
    return try MatMul().infer(context.asFloats([0, 1])).map { $0.with(.i32) }
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (a, b) = (try operands.tensor(0, quantizedTypes), try operands.tensor(1, quantizedTypes))
    let x = try a.centered(operands.optional(2), axis: max(a.rank - 2, 0))
    let y = try b.centered(operands.optional(3), axis: max(b.rank - 1, 0))
    return try MatMul().evaluate(Operands([x, y])).map { value in
      .tensor(ElementConversion(to: .i32).convert(value.tensor ?? x))
    }
  }
}
