import ApusCore
import ApusOperators
import ApusOptimizer
import ApusTestSupport
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

  @Test func nodesCanBeKept() throws {
    var graph = try parsed(
      """
      graph "g"(%x: f32[1,2,4,4]) -> (%y) {
        %a: f32[1,2,4,4] = Relu(%x)
        %b: f32[1,2,4,4] = Sigmoid(%a)
        %y: f32[1,2,4,4] = Relu(%b)
      }
      """)
    let kept = Set((graph.topologicalOrder() ?? []).filter { graph[$0].opName == "Sigmoid" })
    #expect(try ReducePrecision(to: .bf16, keeping: kept).run(&graph, PassContext()) == 2)
    #expect(graph.verify().isEmpty)
    let types = ["a", "b"].map { name in graph.value(named: name).flatMap { graph[$0].type.tensor?.dtype } }
    #expect(types == [.bf16, .f32])
  }

  /// Kernels for some types.
  private struct Kernels: DeviceKernels {
    var types: Set<DType>
    func serves(_ op: any Operator) -> Bool { true }
    func runs(_ node: Graph.Node, in graph: Graph) -> Bool {
      node.inputs.first.flatMap { $0 }.flatMap { graph[$0].type.tensor?.dtype }.map(types.contains) ?? false
    }
  }

  /// Without a kernel in the lower type, a kernel in FP32 is better than the reference.
  @Test func whatHasAKernelOnlyInFP32KeepsIt() throws {
    let text = """
      graph "g"(%x: f32[1,2,4,4]) -> (%y) {
        %a: f32[1,2,4,4] = Relu(%x)
        %y: f32[1,2,4,4] = Sigmoid(%a)
      }
      """
    func types(_ kernels: Set<DType>) throws -> [DType?] {
      var graph = try parsed(text)
      _ = try ReducePrecision(to: .f16, kernels: Kernels(types: kernels)).run(&graph, PassContext())
      #expect(graph.verifyTypes().isEmpty)
      return graph.allNodes.filter { $0.opName != "Cast" }.map { node in
        node.inputs[0].flatMap { graph[$0].type.tensor?.dtype }
      }
    }
    #expect(try types([.f32]) == [.f32, .f32])
    #expect(try types([.f32, .f16]) == [.f16, .f16])
    #expect(try types([]) == [.f16, .f16])
  }
}
