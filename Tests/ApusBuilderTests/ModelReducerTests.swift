import ApusBuilder
import ApusCPUTactics
import ApusCore
import ApusONNX
import ApusTactics
import Testing

/// Fails where a model holds operators.
private struct Holds: FailureCheck {
  var operators: Set<String>

  func failure(of model: EditableModel, _ inputs: [String: Value]) throws -> ModelFailure? {
    guard model.inputNames.allSatisfy({ inputs[$0] != nil }) else { return nil }
    return operators.isSubset(of: model.nodes.map(\.opType))
      ? ModelFailure(kind: "holds", message: "\(operators)") : nil
  }
}

@Suite struct ModelReducerTests {
  private let run = ModelRun(tactics: .cpu())
  private let inputs = ["x": Value.tensor(Tensor(doubles: [1, 2, 3, 4], .f32, [4]))]
  private let chain = TextModel.make(
    ["a = Exp(x)", "b = Sqrt(a)", "c = Neg(b)", "d = Abs(c)", "e = Relu(d)", "y = Add(e, a)"],
    outputs: ["y"])

  @Test func oneNodeRemainsWithTheValuesItHadInside() throws {
    var reducer = ModelReducer(chain, inputs: inputs, check: Holds(operators: ["Neg"]), run: run)
    let reduced = try #require(try reducer.reduce())
    #expect(reduced.model.nodes.map(\.opType) == ["Neg"])
    #expect(reduced.model.inputNames == ["b"])
    let fed = try #require(reduced.inputs["b"]?.tensor).doubles()
    #expect(abs(fed[3] - 7.38905609893065) < 1e-5)
  }

  @Test func nodesBetweenTwoThatMatterAreCutAway() throws {
    var reducer = ModelReducer(chain, inputs: inputs, check: Holds(operators: ["Sqrt", "Relu"]), run: run)
    let reduced = try #require(try reducer.reduce())
    #expect(Set(reduced.model.nodes.map(\.opType)).isSuperset(of: ["Sqrt", "Relu"]))
    #expect(reduced.model.nodes.count < 5)
  }

  @Test func anUnknownOperatorIsFound() throws {
    let model = TextModel.make(["a = Exp(x)", "b = NoSuchThing(a)", "y = Relu(b)"], outputs: ["y"])
    var reducer = ModelReducer(model, inputs: inputs, check: OptimizedModelCheck(run), run: run)
    let reduced = try #require(try reducer.reduce())
    #expect(reduced.model.nodes.map(\.opType) == ["NoSuchThing"])
    #expect(reduced.failure.kind == "APUS-1201")
  }

  @Test func aRightModelIsNotReduced() throws {
    var reducer = ModelReducer(chain, inputs: inputs, check: OptimizedModelCheck(run), run: run)
    #expect(try reducer.reduce() == nil)
  }
}
