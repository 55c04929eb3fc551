import ApusBuilder
import ApusCPUTactics
import ApusCore
import ApusONNX
import ApusOperators
import ApusTactics
import Testing

@Suite struct FirstDifferenceTests {
  private let inputs = ["x": Value.tensor(Tensor(doubles: [1, 2, 3, 4], .f32, [4]))]

  private func plan(_ lines: [String]) throws -> LoweredPlan {
    let model = TextModel.make(lines, outputs: ["y"])
    let graph = try model.onnxModel().importGraph(catalogue: .standard).graph
    return try LoweredPlan(graph, tactics: .cpu())
  }

  @Test func theFirstNodeThatDiffersIsNamed() throws {
    let right = try plan(["a = Exp(x)", "b = Sqrt(a)", "c = Neg(b)", "y = Abs(c)"])
    let wrong = try plan(["a = Exp(x)", "b = Log(a)", "c = Neg(b)", "y = Abs(c)"])
    let found = try #require(
      try FirstDifference.find(
        expected: right.executable, actual: wrong.executable, inputs, rtol: 1e-3, atol: 1e-5))
    #expect(found.node == "node1")
    #expect(found.tensor.output == "b")
  }

  @Test func equalPlansHaveNone() throws {
    let right = try plan(["a = Exp(x)", "y = Sqrt(a)"])
    let found = try FirstDifference.find(
      expected: right.executable, actual: right.executable, inputs, rtol: 1e-3, atol: 1e-5)
    #expect(found == nil)
  }
}
