import ApusCore
import ApusOperators
import Testing

@Suite struct ReluTests {
  @Test func cutsNegativeElements() throws {
    let x = Tensor([-1.5, 0, 2.5] as [Float])
    let y = try Relu().evaluate(Operands([x]))[0].tensor
    #expect(y?.elements() == [0, 0, 2.5] as [Float])
  }
}
