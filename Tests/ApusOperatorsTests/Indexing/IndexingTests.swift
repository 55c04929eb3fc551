import ApusCore
import ApusOperators
import Testing

@Suite struct IndexingTests {
  @Test func gathersFromBothEnds() throws {
    let x = Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
    let y = try Gather(axis: 1).evaluate(Operands([x, Tensor([-1, 0] as [Int64])]))[0].tensor
    #expect(y?.elements() == [3, 1, 6, 4] as [Float])
    #expect(throws: OperatorError.self) {
      try Gather(axis: 1).evaluate(Operands([x, Tensor([3] as [Int64])]))
    }
  }

  @Test(arguments: zip([ScatterReduction.none, .add, .mul, .max, .min], [5.0, 13, 60, 5, 3]))
  func scattersWithReductions(_ reduction: ScatterReduction, _ expected: Double) throws {
    let x = Tensor([0, 4] as [Float])
    let (indices, updates) = (Tensor([1, 1] as [Int64]), Tensor([3, 5] as [Float]))
    let y = try ScatterElements(axis: 0, reduction: reduction).evaluate(Operands([x, indices, updates]))[0]
      .tensor
    let expected = reduction == .add ? 12 : expected
    #expect(y?.doubles() == [0, expected])
    let tuples = indices.reshaped([2, 1])
    let z = try ScatterND(reduction: reduction).evaluate(Operands([x, tuples, updates]))[0].tensor
    #expect(z?.doubles() == [0, expected])
  }

  @Test func ordersTheLargestWithTiesByIndex() throws {
    let x = Tensor([2, .nan, 3, 3, -1] as [Float])
    let results = try TopK(axis: 0).evaluate(Operands([x, Tensor([4] as [Int64])], outputCount: 2))
    #expect(results[1].tensor?.elements() == [1, 2, 3, 0] as [Int64])
    let smallest = try TopK(axis: 0, largest: false).evaluate(
      Operands([x, Tensor([3] as [Int64])], outputCount: 2))
    #expect(smallest[1].tensor?.elements() == [4, 0, 2] as [Int64])
  }

  @Test func findsUniqueSlices() throws {
    let x = Tensor([1, 2, 0, 1, 1, 2] as [Int64], shape: [3, 2])
    let results = try Unique(axis: 0, sorted: true).evaluate(Operands([x], outputCount: 4))
    #expect(
      results.map { $0.tensor?.elements(as: Int64.self) } == [[0, 1, 1, 2], [1, 0], [1, 0, 1], [1, 2]])
  }

  @Test func boundsWhatOnlyRunningCanTell() throws {
    let symbols = SymbolSource()
    let context = InferenceContext(inputs: [.tensor(.f32, [.symbol("n"), 3])], symbols: symbols)
    let shape = try NonZero().infer(context)[0].tensor?.shape
    let name = shape?[1].symbolName ?? ""
    #expect(shape?[0] == 2)
    #expect(symbols.bounds[name] == .symbol("n") * 3)
  }
}
