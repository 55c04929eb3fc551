import Apus
import ApusOperators
import ApusTactics
import Testing

/// What would run on which device, asked before anything is built.
@Suite struct SurveyTests {
  private func model() throws -> Model {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", .tensor(.f32, [.symbol("b"), 3, 8, 8]))
    let w = graph.addConstant(Tensor(filling: 0.5, .f32, [4, 3, 3, 3]), name: "w")
    let conv = graph.addNode(Conv(), [x, w], outputs: ["c"], name: "conv")
    let places = graph.addNode(NonZero(), [graph[conv].outputs[0]], outputs: ["p"], name: "places")
    graph.setOutputs(graph[places].outputs.compactMap { $0 })
    #expect(graph.inferTypes().isEmpty)
    return Model(graph)
  }

  @Test func aMissingGPUIsAssumed() throws {
    let survey = try model().survey(device: .cuda(0), precision: .fp16)
    #expect(!survey.device.isEmpty)
    let conv = try #require(survey.notes.first { $0.operatorName == "Conv" })
    #expect(conv.tactic.hasPrefix("cuda."))
    #expect(conv.element == .f16)
  }

  @Test func everyNodeHasATacticOrAReason() throws {
    for device in [Device.cpu, .cuda(0)] {
      for note in try model().survey(device: device).notes {
        #expect(note.tactic != "reference" || !note.refusals.isEmpty, "\(note)")
      }
    }
  }
}
