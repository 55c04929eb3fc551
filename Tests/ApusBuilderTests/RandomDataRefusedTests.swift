import ApusBuilder
import ApusCPUTactics
import ApusCore
import ApusOperators
import ApusTactics
import Testing

/// Random numbers cannot stand for every input.
@Suite struct RandomDataRefusedTests {
  private func build(_ graph: Graph) throws -> Builder.Result {
    var options = BuildOptions()
    options.deterministic = true
    return try Builder(options: options, tactics: .cpu()).build(SourceModel(graph))
  }

  /// A shape that is an input: the model is built, and the report says that it was not run.
  @Test func aModelThatRefusesThemIsBuilt() throws {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", .tensor(.f32, [2, 3, 4]))
    let shape = graph.addInput("shape", .tensor(.i64, [3]))
    let node = graph.addNode(Reshape(), [x, shape], outputs: ["y"])
    graph.setOutputs(graph[node].outputs.compactMap { $0 })
    #expect(graph.inferTypes().isEmpty)
    let report = try build(graph).report
    #expect(report.diagnosis.message.contains("nothing was measured"))
    #expect(report.accuracy.isEmpty)
  }

  /// Indices stay below the axis that they index, here the last.
  @Test func indicesFitTheirAxis() throws {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", .tensor(.f32, [50, 2]))
    let places = graph.addInput("places", .tensor(.i64, [64]))
    let node = graph.addNode(Gather(axis: -1), [x, places], outputs: ["y"])
    graph.setOutputs(graph[node].outputs.compactMap { $0 })
    #expect(graph.inferTypes().isEmpty)
    #expect(graph.indexRanges() == ["places": 0...1])
    #expect(try build(graph).report.accuracy.count == 1)
  }
}
