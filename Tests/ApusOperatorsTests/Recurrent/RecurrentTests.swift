import ApusCore
import ApusOperators
import Testing

@Suite struct RecurrentTests {
  private func operands(gates: Int, directions: Int) -> [Tensor?] {
    [
      randomTensor([4, 2, 3], seed: 1), randomTensor([directions, gates * 5, 3], seed: 2),
      randomTensor([directions, gates * 5, 5], seed: 3), randomTensor([directions, 2 * gates * 5], seed: 4),
    ]
  }

  @Test func reverseReadsTheSequenceBackwards() throws {
    var backwards = GRU()
    backwards.direction = .reverse
    var given = operands(gates: 3, directions: 1)
    let expected = try #require(try backwards.evaluate(Operands(given))[1].tensor)
    let x = try #require(given[0]).doubles()
    given[0] = Tensor(doubles: (0..<4).reversed().flatMap { x[$0 * 6..<($0 + 1) * 6] }, .f32, [4, 2, 3])
    #expect(try GRU().evaluate(Operands(given))[1].tensor == expected)
  }

  @Test func lengthsEndSequencesEarly() throws {
    let given = operands(gates: 4, directions: 1)
    let whole = try #require(try LSTM().evaluate(Operands(given))[0].tensor).doubles()
    let cut = try LSTM().evaluate(Operands(given + [Tensor([2, 4] as [Int32])]))
    let states = try #require(cut[0].tensor).doubles()
    #expect(Array(states[..<20]) == Array(whole[..<20]))
    #expect(states[20..<25].allSatisfy { $0 == 0 })
    #expect(Array(try #require(cut[1].tensor).doubles()[..<5]) == Array(whole[10..<15]))
  }

  @Test func batchFirstOnlyMovesAxes() throws {
    var op = RNN()
    op.direction = .bidirectional
    var given = operands(gates: 1, directions: 2)
    let expected = try #require(try op.evaluate(Operands(given))[0].tensor)
    let x = try #require(given[0])
    given[0] = try Transpose([1, 0, 2]).evaluate(Operands([x]))[0].tensor
    op.batchFirst = true
    let result = try #require(try op.evaluate(Operands(given))[0].tensor)
    #expect(try Transpose([2, 0, 1, 3]).evaluate(Operands([expected]))[0].tensor == result)
    #expect(result.shape == [2, 4, 2, 5])
  }

  @Test func refusesWeightsOfAnotherCell() {
    #expect(throws: OperatorError.self) {
      try inferred(
        LSTM(), TensorType(.f32, [4, 2, 3]), TensorType(.f32, [1, 15, 3]), TensorType(.f32, [1, 20, 5]))
    }
  }
}
