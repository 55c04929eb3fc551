import ApusBuilder
import ApusCPUTactics
import ApusCore
import ApusONNX
import ApusTactics
import Testing

@Suite struct SurgeryTests {
  private let check = EditCheck(ModelRun(tactics: .cpu()))

  @Test func foldComputesWhatDoesNotDependOnInputs() throws {
    let model = TextModel.make(
      ["a = Exp(w)", "b = Mul(a, w)", "y = Add(x, b)"], outputs: ["y"], constants: ["w": [1, 2, 3, 4]])
    var folded = model
    #expect(try folded.foldConstants() == 2)
    #expect(folded.nodes.map(\.opType) == ["Add"])
    #expect(folded.initializerNames == ["b"])
    #expect(try check.comparisons(model, folded).allSatisfy(\.isWithin))
  }

  @Test func foldKeepsQuantizationOfWeights() throws {
    var model = TextModel.make(
      ["q = QuantizeLinear(w, s)", "d = DequantizeLinear(q, s)", "y = Add(x, d)"], outputs: ["y"],
      constants: ["w": [1, 2, 3, 4]])
    model.setInitializer("s", Tensor(doubles: [0.5], .f32, []))
    #expect(try model.foldConstants() == 0)
  }

  @Test func sanitizeRemovesSortsAndNames() throws {
    var model = TextModel.make(
      ["y = Add(a, w)", "a = Exp(x)", "dead = Abs(x)"], outputs: ["y"],
      constants: ["w": [1, 2, 3, 4], "unused": [1]])
    var nodes = model.nodes
    for index in nodes.indices { nodes[index].name = "" }
    model.nodes = nodes
    let changes = try model.sanitize()
    #expect(changes.removedNodes == 1)
    #expect(changes.removedInitializers == 1)
    #expect(changes.namedNodes == 2)
    #expect(changes.isReordered)
    #expect(model.nodes.map(\.opType) == ["Exp", "Add"])
    #expect(Set(model.nodes.map(\.name)).count == 2)
  }

  @Test func extractedPartComputesTheSame() throws {
    let model = TextModel.make(["a = Exp(x)", "b = Sqrt(a)", "y = Add(b, x)"], outputs: ["y"])
    let part = try model.part(inputs: ["a"], outputs: ["b"])
    #expect(part.nodes.map(\.opType) == ["Sqrt"])
    #expect(part.declaredType(of: "a")?.tensor?.dtype == .f32)
    #expect(try check.comparisons(model, part).map(\.maxAbs) == [0])
  }

  @Test func extractNamesTheInputThatIsMissing() throws {
    let model = TextModel.make(["a = Exp(x)", "y = Add(a, x)"], outputs: ["y"])
    let error = #expect(throws: ApusError.self) { try model.part(inputs: ["a"], outputs: ["y"]) }
    #expect(error?.problems.first?.value == "x")
  }

  @Test func aWrongEditIsFound() throws {
    let model = TextModel.make(["a = Exp(x)", "y = Add(a, x)"], outputs: ["y"])
    var wrong = model
    var nodes = wrong.nodes
    nodes[1].opType = "Sub"
    wrong.nodes = nodes
    #expect(try check.comparisons(model, wrong).contains { !$0.isWithin })
  }
}
