import ApusCore
import ApusOperators
import Testing

@Suite struct BinaryArithmeticTests {
  private func run(_ op: any Operator, _ a: Tensor, _ b: Tensor) throws -> Tensor? {
    try op.evaluate(Operands([a, b]))[0].tensor
  }

  @Test func broadcasts() throws {
    let (a, b) = (Tensor([1, 2, 3] as [Float], shape: [3, 1]), Tensor([10, 20] as [Float]))
    #expect(try run(Sub(), a, b)?.elements() == [-9, -19, -8, -18, -7, -17] as [Float])
    #expect(try run(Less(), a, b)?.shape == [3, 2])
  }

  @Test func integerDivisionAndRemainder() throws {
    let (a, b) = (Tensor([-7, 7, 7, .min] as [Int32]), Tensor([2, -2, 0, -1] as [Int32]))
    #expect(try run(Div(), a, b)?.integers() == [-3, -3, 0, Int64(Int32.min)])
    #expect(try run(Mod(), a, b)?.integers().prefix(2) == [1, -1])
    #expect(try run(Mod(fmod: true), a, b)?.integers().prefix(2) == [-1, 1])
    let (c, d) = (Tensor([UInt64.max]), Tensor([UInt64(2)]))
    #expect(try run(Div(), c, d)?.elements() == [UInt64.max / 2])
    #expect(try run(Greater(), c, d)?.elements() == [true])
  }

  @Test func powersMixTypes() throws {
    let y = try run(Pow(), Tensor([2, 3] as [Int32]), Tensor([3, 0.5] as [Float]))
    #expect(y?.dtype == .i32 && y?.integers() == [8, 1])
  }

  @Test func shapeArithmeticKeepsSymbols() throws {
    let n = Dim.symbol("n")
    let context = InferenceContext(
      inputs: [.tensor(.i64, [2]), .tensor(.i64, [])],
      contents: [Contents(.i64, [2], dims: [n * 6, 9]), Contents(.i64, [], dims: [3])])
    #expect(Div().propagate(context).first == Contents(.i64, [2], dims: [n * 2, 3]))
    #expect(Mul().propagate(context).first == Contents(.i64, [2], dims: [n * 18, 27]))
    #expect(Max().propagate(context).first??.dims?.last == 9)
  }

  /// `Where(shape == -1, ones, shape)`, as exporters write Expand.
  @Test func comparisonsOfSizesAreDecided() throws {
    let shape = Contents(.i64, [2], dims: [.symbol("n"), 4])
    let minusOne = Contents(.i64, [], dims: [-1])
    let types: [ValueType?] = [.tensor(.i64, [2]), .tensor(.i64, [])]
    let equal = Equal().propagate(InferenceContext(inputs: types, contents: [shape, minusOne]))
    #expect(equal.first == Contents(.bool, [2], dims: [0, 0]))
    let chosen = Where().propagate(
      InferenceContext(inputs: types + types, contents: [equal[0], minusOne, shape]))
    #expect(chosen.first == shape)
  }

  @Test func refusesDifferentTypesAndShapes() {
    let types: [ValueType] = [
      .tensor(.f32, [2]), .tensor(.f16, [2]), .tensor(.f32, [3]), .tensor(.bool, [2]),
    ]
    for other in types.dropFirst() {
      #expect(throws: OperatorError.self) { try Add().infer(InferenceContext(inputs: [types[0], other])) }
    }
    #expect(throws: OperatorError.self) { try And().infer(InferenceContext(inputs: [types[0], types[0]])) }
  }
}
