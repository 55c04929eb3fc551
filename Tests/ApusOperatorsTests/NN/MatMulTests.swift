import ApusCore
import ApusOperators
import Testing

@Suite struct MatMulTests {
  @Test(arguments: [([3], [3]), ([3], [2, 3, 4]), ([2, 5, 3], [3]), ([2, 1, 5, 3], [4, 3, 2])])
  func broadcastsAsNumPy(a: [Int], b: [Int]) throws {
    let operands = Operands([randomTensor(a, seed: 1), randomTensor(b, seed: 2)])
    let product = try #require(try MatMul().evaluate(operands)[0].tensor)
    let type = try inferred(MatMul(), TensorType(.f32, Shape(a)), TensorType(.f32, Shape(b)))[0]
    #expect(type == .tensor(product.type))
    #expect(close(product.doubles(), try MatMul().evaluate(at: allPositions(product.shape), of: 0, operands)))
  }

  @Test func multipliesIntegersExactly() throws {
    let product = try MatMul().evaluate(
      Operands([
        Tensor([1, 2, 3, 4] as [Int32], shape: [2, 2]), Tensor([5, 6, 7, 8] as [Int32], shape: [2, 2]),
      ]))
    #expect(product[0].tensor?.elements() == [19, 22, 43, 50] as [Int32])
  }

  @Test func refusesDifferentInnerSizes() {
    #expect(throws: OperatorError.self) {
      try inferred(MatMul(), TensorType(.f32, [2, 3]), TensorType(.f32, [4, 5]))
    }
  }

  @Test func gemmTransposesScalesAndAdds() throws {
    var gemm = Gemm()
    (gemm.alpha, gemm.beta, gemm.transA, gemm.transB) = (0.5, 2, true, true)
    let (a, b, c) = (
      randomTensor([4, 3], seed: 1), randomTensor([5, 4], seed: 2), randomTensor([3, 1], seed: 3)
    )
    let operands = Operands([a, b, c])
    let result = try #require(try gemm.evaluate(operands)[0].tensor)
    #expect(result.shape == [3, 5])
    #expect(close(result.doubles(), try gemm.evaluate(at: allPositions([3, 5]), of: 0, operands)))
    let (x, y) = (a.doubles(), b.doubles())
    let first = (0..<4).reduce(0.0) { $0 + x[$1 * 3] * y[$1] } * 0.5 + 2 * c.doubles()[0]
    #expect(close([result.doubles()[0]], [first]))
  }

  @Test func linearIsMatMulWithEpilogue() throws {
    let (x, w) = (randomTensor([2, 3, 7], seed: 1), randomTensor([7, 5], seed: 2))
    let (bias, residual) = (randomTensor([5], seed: 3), randomTensor([2, 3, 5], seed: 4))
    let operands = Operands([x, w, bias, residual])
    let linear = Linear(activation: Activation(.gelu))
    let result = try #require(try linear.evaluate(operands)[0].tensor)
    let plain = try #require(try MatMul().evaluate(Operands([x, w]))[0].tensor).doubles()
    let expected = plain.indices.map {
      linear.activation.apply(plain[$0] + bias.doubles()[$0 % 5] + residual.doubles()[$0])
    }
    #expect(close(result.doubles(), expected))
    #expect(close(try linear.evaluate(at: allPositions([2, 3, 5]), of: 0, operands), expected))
  }
}
