import ApusCore
import ApusOperators
import Testing

@Suite struct SequenceTests {
  @Test func holdsTensorsOfDifferentSizes() throws {
    let (a, b) = (Tensor([1] as [Float]), Tensor([2, 3] as [Float]))
    let built = try SequenceConstruct().evaluate(Operands([a, b]))[0]
    let last = try SequenceAt().evaluate(Operands([built, .tensor(Tensor(scalar: Int64(-1)))]))[0]
    #expect(last.tensor?.elements() == [2, 3] as [Float])
    let joined = try ConcatFromSequence(axis: 0, isNewAxis: false).evaluate(Operands([built]))[0]
    #expect(joined.tensor?.elements() == [1, 2, 3] as [Float])
    #expect(throws: OperatorError.self) {
      try SequenceAt().evaluate(Operands([built, .tensor(Tensor(scalar: Int64(2)))]))
    }
  }

  /// Two elements of a sequence must not be taken to be equally large.
  @Test func givesEachElementSizesOfItsOwn() throws {
    let symbols = SymbolSource()
    let types: [ValueType?] = [.tensor(.f32, [1, 4]), .tensor(.f32, [2, 4])]
    let sequence = try SequenceConstruct().infer(InferenceContext(inputs: types, symbols: symbols))[0]
    let inputs: [ValueType?] = [sequence, .tensor(.i64, [])]
    let first = try SequenceAt().infer(InferenceContext(inputs: inputs, symbols: symbols))[0].tensor?.shape
    let second = try SequenceAt().infer(InferenceContext(inputs: inputs, symbols: symbols))[0].tensor?.shape
    #expect(first?[1] == 4)
    #expect(first?[0] != second?[0])
  }

  @Test func tellsEmptyOptionalsApart() throws {
    let empty = try OptionalOf(.tensor(.f32, nil)).evaluate(Operands([Value?]()))[0]
    let full = try OptionalOf().evaluate(Operands([Tensor(scalar: Float(1))]))[0]
    #expect(try OptionalHasElement().evaluate(Operands([empty]))[0].tensor?.elements() == [false])
    #expect(try OptionalHasElement().evaluate(Operands([full]))[0].tensor?.elements() == [true])
    #expect(throws: OperatorError.self) { try OptionalGetElement().evaluate(Operands([empty])) }
  }
}
