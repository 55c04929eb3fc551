import ApusCore
import ApusOperators
import Testing

@Suite struct EinsumTests {
  @Test(arguments: ["ij,jk->ik", "ij,jk", "...ij,...jk->...ik"])
  func multipliesMatrices(equation: String) throws {
    let operands = Operands([randomTensor([3, 4], seed: 1), randomTensor([4, 5], seed: 2)])
    let expected = try #require(try MatMul().evaluate(operands)[0].tensor)
    let result = try #require(try Einsum(equation).evaluate(operands)[0].tensor)
    #expect(result.shape == expected.shape && close(result.doubles(), expected.doubles()))
  }

  @Test func readsDiagonalsAndSums() throws {
    let x = Tensor([1, 2, 3, 4] as [Int64], shape: [2, 2])
    #expect(try Einsum("ii->i").evaluate(Operands([x]))[0].tensor?.elements() == [1, 4] as [Int64])
    #expect(try Einsum("ij->").evaluate(Operands([x]))[0].tensor?.elements() == [10] as [Int64])
    #expect(try Einsum("ji").evaluate(Operands([x]))[0].tensor?.elements() == [1, 3, 2, 4] as [Int64])
  }

  @Test func keepsSymbols() throws {
    let type = try inferred(
      Einsum("b...d,de->b...e"), TensorType(.f32, [.symbol("n"), .symbol("s"), 4]), TensorType(.f32, [4, 8]))[
        0]
    #expect(type.description == "f32[n,s,8]")
  }

  @Test(arguments: ["", "ij->ij->ij", "i1->i", "ij->k", "....i"])
  func refusesWhatIsNoEquation(equation: String) {
    #expect(throws: OperatorError.self) { try inferred(Einsum(equation), TensorType(.f32, [2, 2])) }
  }
}
