import ApusCore
import ApusOperators
import ApusOptimizer
import Testing

@Suite struct ReducePrecisionTests {
  /// Heads, a plugin, and arithmetic on its boxes: only what leads to the plugin is lowered.
  @Test func whatPluginsComputeStaysFP32() throws {
    var graph = Graph(name: "detector")
    let x = graph.addInput("x", .tensor(.f32, [1, 3, 8, 8]))
    func add(_ op: any Operator, _ inputs: [ValueID?], _ outputs: [String]) -> [ValueID?] {
      let node = graph.addNode(op, inputs, outputs: outputs, name: outputs[0])
      return graph[node].outputs
    }
    let scores = add(Conv(), [x, graph.addConstant(Tensor(.f32, [2, 3, 1, 1]))], ["scores"])
    let deltas = add(Conv(), [x, graph.addConstant(Tensor(.f32, [4, 3, 1, 1]))], ["deltas"])
    var op = RetinaNetDecode()
    op.topkCandidates = 5
    let decoded = add(op, scores + deltas, ["s", "b", "c"])
    let joined = add(Concat(axis: 1), [decoded[1], decoded[1]], ["joined"])
    let scaled = add(Mul(), [joined[0], graph.addConstant(Tensor([2] as [Float]))], ["scaled"])
    #expect(graph.inferTypes().isEmpty)
    graph.setOutputs([scaled[0], decoded[0]].compactMap { $0 })
    _ = try ReducePrecision(to: .bf16).run(&graph, PassContext())
    #expect(graph.verify().isEmpty)
    func dtype(_ name: String) -> DType? { graph.value(named: name).flatMap { graph[$0].type.tensor?.dtype } }
    #expect(["scores", "deltas"].map(dtype) == [.bf16, .bf16])
    #expect(["s", "b", "joined", "scaled"].map(dtype) == [.f32, .f32, .f32, .f32])
  }
}
