import ApusCore
import ApusOperators
import Testing

@Suite struct AttentionTests {
  /// The same by MatMul and Softmax, for one head.
  private func plain(_ q: Tensor, _ k: Tensor, _ v: Tensor, scale: Double) throws -> [Double] {
    let (rows, columns, size) = (q.shape[2], k.shape[2], q.shape[3])
    let (x, y) = (q.doubles(), k.doubles())
    var scores: [Double] = []
    for row in 0..<rows {
      for column in 0..<columns {
        scores.append((0..<size).reduce(0.0) { $0 + x[row * size + $1] * y[column * size + $1] } * scale)
      }
    }
    let weights = try Softmax(axis: -1).evaluate(
      Operands([Tensor(doubles: scores, .f64, [rows, columns])]))[0].tensor
    let value = v.reshaped([columns, v.shape[3]])
    return try MatMul().evaluate(
      Operands([weights, Tensor(doubles: value.doubles(), .f64, value.shape)]))[0].tensor?.doubles() ?? []
  }

  @Test func agreesWithProductsAndSoftmax() throws {
    let (q, k) = (randomTensor([1, 1, 3, 4], seed: 1), randomTensor([1, 1, 5, 4], seed: 2))
    let v = randomTensor([1, 1, 5, 2], seed: 3)
    let result = try #require(try Attention().evaluate(Operands([q, k, v]))[0].tensor)
    #expect(close(result.doubles(), try plain(q, k, v, scale: 0.5)))
  }

  @Test func causalRowsIgnoreWhatFollows() throws {
    var op = Attention()
    op.causal = true
    let (q, k, v) = (
      randomTensor([1, 1, 3, 4], seed: 1), randomTensor([1, 1, 3, 4], seed: 2),
      randomTensor([1, 1, 3, 2], seed: 3)
    )
    let result = try #require(try op.evaluate(Operands([q, k, v]))[0].tensor)
    #expect(close(Array(result.doubles().prefix(2)), Array(v.doubles().prefix(2))))
  }

  @Test func threeAxesAreHeadsSideBySide() throws {
    var op = Attention()
    (op.queryHeads, op.keyHeads) = (4, 2)
    let operands = Operands([
      randomTensor([2, 3, 8], seed: 1), randomTensor([2, 5, 4], seed: 2), randomTensor([2, 5, 6], seed: 3),
    ])
    let result = try op.evaluate(operands)
    let types = try inferred(
      op, TensorType(.f32, [2, 3, 8]), TensorType(.f32, [2, 5, 4]), TensorType(.f32, [2, 5, 6]))
    #expect(types == result.map(\.type))
    #expect(result[0].tensor?.shape == [2, 3, 12])
    #expect(result[3].tensor?.shape == [2, 4, 3, 5])
  }

  @Test func refusesHeadsThatDoNotDivide() {
    #expect(throws: OperatorError.self) {
      try inferred(
        Attention(), TensorType(.f32, [1, 3, 3, 4]), TensorType(.f32, [1, 2, 3, 4]),
        TensorType(.f32, [1, 2, 3, 4]))
    }
  }
}
