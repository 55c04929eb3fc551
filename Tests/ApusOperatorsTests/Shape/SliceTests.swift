import ApusCore
import ApusOperators
import Testing

@Suite struct SliceTests {
  private func sliced(_ shape: Shape, _ start: Int, _ end: Int, step: Int = 1) throws -> Shape? {
    let vector = ValueType.tensor(.i64, [1])
    func known(_ value: Int) -> Contents? { Contents(.i64, [1], dims: [.constant(value)]) }
    let context = InferenceContext(
      inputs: [.tensor(.f32, shape), vector, vector, vector, vector],
      contents: [nil, known(start), known(end), known(0), known(step)])
    return try Slice().infer(context)[0].tensor?.shape
  }

  @Test func keepsSymbolsExact() throws {
    let n = Dim.symbol("n")
    #expect(try sliced([n], 0, Int(Int64.max)) == [n])
    #expect(try sliced([n], 1, Int(Int32.max)) == [n - 1])
    #expect(try sliced([n], 0, -1) == [n - 1])
    #expect(try sliced([n], 0, 4) == [Dim.min(4, n)])
    #expect(try sliced([n], 0, Int(Int64.max), step: 2) == [n.ceilDiv(2)])
    #expect(try sliced([n], -1, Int(Int64.min), step: -1) == [n])
  }

  @Test func agreesWithItsReferenceOnEveryBound() throws {
    let x = Tensor((0..<5).map { Int64($0) })
    for start in -7...7 {
      for end in -7...7 {
        for step in [-6, -2, -1, 1, 2, 6] {
          let bounds = [start, end, 0, step].map { Tensor([Int64($0)]) }
          let y = try Slice().evaluate(Operands([x] + bounds))[0].tensor
          #expect(try sliced([5], start, end, step: step) == y.map { Shape($0.shape) })
        }
      }
    }
  }

  @Test func refusesAStepOfZero() { #expect(throws: OperatorError.self) { try sliced([5], 0, 5, step: 0) } }
}
