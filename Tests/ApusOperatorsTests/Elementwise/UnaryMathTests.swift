import ApusCore
import ApusOperators
import Testing

@Suite struct UnaryMathTests {
  static let cases: [(op: any UnaryMath, x: Double, y: Double)] = [
    (Abs(), -3, 3), (Acos(), 1, 0), (Acosh(), 1, 0), (Asin(), 1, .pi / 2), (Asinh(), 0, 0),
    (Atan(), 1, .pi / 4), (Atanh(), 0, 0), (Ceil(), -1.5, -1), (Celu(alpha: 2), -1e9, -2), (Cos(), .pi, -1),
    (Cosh(), 0, 1), (Elu(alpha: 3), -1e9, -3), (Erf(), 0, 0), (Exp(), 0, 1), (Floor(), -1.5, -2),
    (Gelu(), 0, 0), (HardSigmoid(), 1, 0.7), (HardSwish(), 3, 3), (LeakyRelu(alpha: 0.5), -4, -2),
    (Log(), 1, 0), (Mish(), 0, 0), (Neg(), 2, -2), (Reciprocal(), 4, 0.25), (Round(), 2.5, 2),
    (Selu(alpha: 2, gamma: 3), -1e9, -6), (Shrink(lambda: 1, bias: 0.5), 3, 2.5), (Sigmoid(), 0, 0.5),
    (Sign(), -7, -1), (Sin(), .pi / 2, 1), (Sinh(), 0, 0), (Softplus(), 1000, 1000), (Softsign(), -1, -0.5),
    (Sqrt(), 9, 3), (Swish(), 0, 0), (Tan(), 0, 0), (Tanh(), 1e9, 1), (ThresholdedRelu(alpha: 2), 2, 0),
  ]

  @Test(arguments: cases.indices) func mapsElements(_ index: Int) throws {
    let (op, x, y) = Self.cases[index]
    for dtype in [DType.f64, .f32, .f16, .bf16] {
      let results = try op.evaluate(Operands([Tensor(filling: x, dtype, [2, 1])]))[0].tensor
      #expect(results?.shape == [2, 1] && results?.dtype == dtype)
      let error = dtype == .bf16 ? 0.02 : 0.002
      #expect(abs((results?.doubles()[1] ?? .nan) - y) <= error * max(1, abs(y)), "\(op) \(dtype)")
    }
  }

  @Test func keepsSymbolsAndRefusesStrings() throws {
    let type = ValueType.tensor(.f16, [.symbol("batch"), 3])
    #expect(try Sqrt().infer(InferenceContext(inputs: [type])) == [type])
    #expect(throws: OperatorError.self) {
      try Sqrt().infer(InferenceContext(inputs: [.tensor(.string, [1])]))
    }
    #expect(throws: OperatorError.self) { try Sqrt().infer(InferenceContext(inputs: [])) }
  }

  @Test func integersAreExact() throws {
    let x = Tensor([Int64.min + 1, -(1 << 60) - 1, 5])
    let y = try Abs().evaluate(Operands([x]))[0].tensor
    #expect(y?.integers() == [Int64.max, (1 << 60) + 1, 5])
  }
}
