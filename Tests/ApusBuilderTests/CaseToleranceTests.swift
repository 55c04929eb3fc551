import ApusCore
import ApusOperators
import Testing

@testable import ApusBuilder

@Suite struct CaseToleranceTests {
  private func tolerance(_ line: String, _ expected: Tensor) throws -> CaseTolerance {
    let graph = try GraphParser.parse(
      "graph \"g\"(%x: f32[1,8,2]) -> (%y) {\n  %y: f32[1,8,2] = \(line)\n}", catalogue: .standard)
    return CaseTolerance(.tensor(expected), of: graph, rtol: 1e-3, atol: 1e-7)
  }

  @Test func theUsualToleranceHasNoReason() throws {
    let usual = try tolerance("Relu(%x)", Tensor(doubles: [100, 0], .f32, [2]))
    #expect(usual == CaseTolerance(rtol: 1e-3, atol: 1e-7))
  }

  @Test func halfPrecisionIsWider() throws {
    let half = try tolerance("Relu(%x)", Tensor(doubles: [1], .f16, [1]))
    #expect(half.atol == 1e-3 && half.reason != nil)
    let brain = try tolerance("Relu(%x)", Tensor(doubles: [1], .bf16, [1]))
    #expect(brain.atol == 1e-2 && brain.reason != nil)
  }

  @Test func transformsAreHeldToTheRoundingOfTheirLargestElement() throws {
    let small = try tolerance("DFT(%x)", Tensor(doubles: [0, 0.01], .f32, [2]))
    #expect(small == CaseTolerance(rtol: 1e-3, atol: 1e-7))
    let large = try tolerance("DFT(%x)", Tensor(doubles: [0, -9], .f32, [2]))
    #expect(abs(large.atol - 36 * Double(Float.ulpOfOne)) < 1e-12 && large.reason != nil)
  }
}
