import ApusCore
import ApusOperators
import Testing

@Suite struct NormalizationTests {
  @Test func softmaxSumsToOneAlongItsAxis() throws {
    let x = randomTensor([3, 4, 5], seed: 1)
    let y = try #require(try Softmax(axis: 1).evaluate(Operands([x]))[0].tensor).doubles()
    for outer in 0..<3 {
      for inner in 0..<5 {
        #expect(close([(0..<4).reduce(0.0) { $0 + y[outer * 20 + $1 * 5 + inner] }], [1]))
      }
    }
  }

  @Test func oldSoftmaxFlattens() throws {
    var softmax = Softmax(axis: 1)
    softmax.flattened = true
    let y = try #require(try softmax.evaluate(Operands([randomTensor([2, 3, 4], seed: 2)]))[0].tensor)
      .doubles()
    #expect(close([y[..<12].reduce(0, +), y[12...].reduce(0, +)], [1, 1]))
  }

  @Test func hardmaxPicksTheFirst() throws {
    let y = try Hardmax().evaluate(Operands([Tensor([1, 3, 3, 2] as [Float])]))
    #expect(y[0].tensor?.elements() == [0, 1, 0, 0] as [Float])
  }

  @Test func layerNormalizationGivesStatistics() throws {
    let x = Tensor([1, 3, 2, 6] as [Float], shape: [2, 2])
    let results = try LayerNormalization(axis: -1, epsilon: 0).evaluate(
      Operands([x, Tensor([2, 2] as [Float]), Tensor([0, 1] as [Float])]))
    #expect(results[0].tensor?.elements() == [-2, 3, -2, 3] as [Float])
    #expect(results[1].tensor?.elements() == [2, 4] as [Float])
    #expect(results[2].tensor?.elements() == [1, 0.5] as [Float])
    #expect(results[1].tensor?.shape == [2, 1])
  }

  @Test func batchNormalizationUsesGivenStatistics() throws {
    var op = BatchNormalization()
    op.epsilon = 0
    let operands = Operands([
      Tensor([1, 2, 3, 4] as [Float], shape: [1, 2, 2]), Tensor([1, 2] as [Float]),
      Tensor([0, 1] as [Float]),
      Tensor([1, 2] as [Float]), Tensor([1, 4] as [Float]),
    ])
    #expect(try op.evaluate(operands)[0].tensor?.elements() == [0, 1, 2, 3] as [Float])
    op.trainingMode = true
    #expect(try op.evaluate(operands)[0].tensor?.elements() == [-1, 1, -1, 3] as [Float])
  }

  @Test func refusesAxisOutsideTheRank() {
    #expect(throws: OperatorError.self) { try inferred(Softmax(axis: 2), TensorType(.f32, [2, 3])) }
  }
}
