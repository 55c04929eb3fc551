import ApusCore
import ApusOperators
import Testing

@Suite struct GeneratorTests {
  @Test func rangesCountSymbolically() throws {
    let n = Dim.symbol("n")
    let scalars: [ValueType?] = Array(repeating: .tensor(.i64, []), count: 3)
    let contents = [Dim(0), n, 2].map { Contents(.i64, [], dims: [$0]) }
    let types = try RangeOf().infer(InferenceContext(inputs: scalars, contents: contents))
    #expect(types == [.tensor(.i64, [(n + 1).floorDiv(2)])])
    let numbers = [10, 4, -2].map { Tensor(scalar: Int64($0)) }
    #expect(try RangeOf().evaluate(Operands(numbers))[0].tensor?.integers() == [10, 8, 6])
    #expect(throws: OperatorError.self) {
      try RangeOf().evaluate(Operands([0, 1, 0].map { Tensor(scalar: Float($0)) }))
    }
  }

  @Test func fillsShapes() throws {
    let op = ConstantOfShape(Tensor([Int64(7)]))
    #expect(try op.evaluate(Operands([Tensor([2, 0] as [Int64])]))[0].tensor?.shape == [2, 0])
    #expect(try op.evaluate(Operands([Tensor([2] as [Int64])]))[0].tensor?.integers() == [7, 7])
    #expect(throws: OperatorError.self) { try op.evaluate(Operands([Tensor([-1] as [Int64])])) }
  }

  @Test func randomNumbersRepeatWithASeed() throws {
    var op = RandomNormal()
    (op.shape, op.seed) = ([50, 40], 3)
    let (a, b) = (
      try op.evaluate(Operands([] as [Tensor?]))[0], try op.evaluate(Operands([] as [Tensor?]))[0]
    )
    #expect(a.tensor == b.tensor)
    let numbers = a.tensor?.doubles() ?? []
    let mean = numbers.reduce(0, +) / 2000
    #expect(abs(mean) < 0.1)
    #expect(abs(numbers.reduce(0) { $0 + $1 * $1 } / 2000 - 1) < 0.15)
  }

  @Test func dropoutIsTheIdentityOutsideTraining() throws {
    let x = Tensor([1, 2, 3] as [Float])
    let outputs = try Dropout().evaluate(Operands([x], outputCount: 2))
    #expect(outputs[0].tensor == x && outputs[1].tensor?.elements() == [true, true, true])
  }
}
