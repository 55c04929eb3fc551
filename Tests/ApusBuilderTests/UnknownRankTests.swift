import ApusBuilder
import ApusCPUTactics
import ApusCore
import ApusEngine
import ApusOperators
import ApusTactics
import Testing

/// Inputs whose rank the model does not declare take the shape of what they are given.
@Suite struct UnknownRankTests {
  @Test func everyRunHasItsOwnRank() throws {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", .tensor(.f32, nil))
    let pads = graph.addInput("pads", .tensor(.i64, nil))
    let node = graph.addNode(Pad(mode: .constant), [x, pads], outputs: ["y"])
    graph.setOutputs(graph[node].outputs.compactMap { $0 })
    #expect(graph.inferTypes().isEmpty)
    var options = BuildOptions()
    options.deterministic = true
    let built = try Builder(options: options, tactics: .cpu()).build(SourceModel(graph))
    let session = Session(built.lowered.executable, options: SessionOptions(threads: 1))
    let row = try session.run(["x": Tensor([1, 2] as [Float]), "pads": Tensor([1, 0] as [Int64])])["y"]
    #expect(row?.shape == [3] && row?.elements(as: Float.self) == [0, 1, 2])
    let plane = try session.run([
      "x": Tensor([1, 2] as [Float], shape: [1, 2]), "pads": Tensor([0, 0, 1, 1] as [Int64]),
    ])["y"]
    #expect(plane?.shape == [2, 3] && plane?.elements(as: Float.self) == [1, 2, 0, 0, 0, 0])
  }
}
