import ApusCore
import Testing

@testable import ApusOperators

@Suite struct ReductionTests {
  @Test func reducesChosenAxes() throws {
    let x = Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
    var op = ReduceSum()
    #expect(try op.evaluate(Operands([x, Tensor([Int64(-1)])]))[0].tensor?.elements() == [6, 15] as [Float])
    op.keepDims = false
    #expect(try op.evaluate(Operands([x, Tensor([Int64(0)])]))[0].tensor?.shape == [3])
    #expect(try op.evaluate(Operands([x]))[0].tensor?.elements() == [21] as [Float])
    op.noopWithEmptyAxes = true
    #expect(try op.evaluate(Operands([x]))[0].tensor == x)
  }

  @Test func emptySetsGiveTheNeutralElement() throws {
    let empty = Tensor([] as [Int8], shape: [2, 0])
    #expect(
      try ReduceMax().evaluate(Operands([empty, Tensor([Int64(1)])]))[0].tensor?.integers() == [-128, -128])
    #expect(try ReduceProd().evaluate(Operands([empty]))[0].tensor?.integers() == [1])
  }

  @Test func logSumExpDoesNotOverflow() throws {
    let x = Tensor([1000, 1000] as [Float])
    let y = try ReduceLogSumExp().evaluate(Operands([x]))[0].tensor?.doubles()[0] ?? .nan
    #expect(abs(y - 1000.6931) < 1e-3)
  }

  @Test func symbolsStay() throws {
    let n = Dim.symbol("n")
    let types: [ValueType?] = [.tensor(.f32, [n, 3, 4]), .tensor(.i64, [2])]
    let axes = Tensor([1, 2] as [Int64])
    let context = InferenceContext(inputs: types, constants: [nil, axes])
    #expect(try ReduceMean().infer(context) == [.tensor(.f32, [n, 1, 1])])
    let unknown = try ReduceMean().infer(InferenceContext(inputs: types))
    #expect(unknown.first?.tensor?.rank == 3)
    let sizes = InferenceContext(inputs: [.tensor(.i64, [2])], contents: [Contents(.i64, [2], dims: [n, 5])])
    #expect(ReduceProd().propagate(sizes).first??.dims == [n * 5])
  }

  @Test func refusesAxesOutsideTheRank() {
    let context = InferenceContext(
      inputs: [.tensor(.f32, [2]), .tensor(.i64, [1])], constants: [nil, Tensor([Int64(1)])])
    #expect(throws: OperatorError.self) { try ReduceMax().infer(context) }
  }

  @Test func argReductionsBreakTies() throws {
    let x = Tensor([3, 7, 7, 1] as [Int32], shape: [1, 4])
    var op = ArgMax()
    op.axis = -1
    #expect(try op.evaluate(Operands([x]))[0].tensor?.integers() == [1])
    op.selectLastIndex = true
    #expect(try op.evaluate(Operands([x]))[0].tensor?.integers() == [2])
  }

  @Test func runningTotals() throws {
    var op = CumSum()
    let (x, axis) = (Tensor([1, 2, 3] as [Int32]), Tensor(scalar: Int64(0)))
    #expect(try op.evaluate(Operands([x, axis]))[0].tensor?.integers() == [1, 3, 6])
    (op.exclusive, op.reverse) = (true, true)
    #expect(try op.evaluate(Operands([x, axis]))[0].tensor?.integers() == [5, 3, 0])
  }
}
