import ApusBuilder
import ApusCPUTactics
import ApusCore
import ApusEngine
import ApusOperators
import ApusTactics
import Testing

/// Sizes that the data tell and that no memory holds are errors, by kernels and by references.
@Suite struct ImpossibleSizesTests {
  private func session(_ graph: Graph) throws -> Session {
    var options = BuildOptions()
    options.deterministic = true
    let built = try Builder(options: options, tactics: .cpu()).build(SourceModel(graph))
    return Session(built.lowered.executable, options: SessionOptions(threads: 1))
  }

  private func problem(_ session: Session, _ inputs: [String: Tensor]) -> Problem? {
    let error = #expect(throws: ApusError.self) { try session.run(inputs) }
    return error?.problems.first
  }

  @Test func depthOfOneHot() throws {
    var graph = Graph(name: "g")
    let inputs = [
      graph.addInput("indices", .tensor(.i64, [2])), graph.addInput("depth", .tensor(.i64, [])),
      graph.addConstant(Tensor([0, 1] as [Float]), name: "values"),
    ]
    let node = graph.addNode(OneHot(), inputs, outputs: ["y"], name: "hot")
    graph.setOutputs(graph[node].outputs.compactMap { $0 })
    #expect(graph.inferTypes().isEmpty)
    let session = try session(graph)
    let indices = Tensor([1, 0] as [Int64])
    func depth(_ value: Int64) -> [String: Tensor] {
      ["indices": indices, "depth": Tensor([value], shape: [])]
    }
    #expect(try session.run(depth(3))["y"]?.elements(as: Float.self) == [0, 1, 0, 1, 0, 0])
    let below = problem(session, depth(-3))
    #expect(below?.id == .invalidValue && below?.node == "hot")
    #expect(problem(session, depth(1 << 60))?.id == .outOfMemory)
    // A failed run leaves nothing behind.
    #expect(try session.run(depth(2))["y"]?.shape == [2, 2])
  }

  @Test func sizesOfSymbols() throws {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", .tensor(.f32, [.symbol("n"), 1]))
    let wide = graph.addConstant(Tensor([1, 1 << 50] as [Int64]), name: "wide")
    let node = graph.addNode(Expand(), [x, wide], outputs: ["y"], name: "spread")
    graph.setOutputs(graph[node].outputs.compactMap { $0 })
    #expect(graph.inferTypes().isEmpty)
    let found = #expect(throws: ApusError.self) { try session(graph) }?.problems.first
    #expect(found?.id == .outOfMemory && found?.node == "spread")
  }

  @Test func inputsThatAreTooSmall() throws {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", .tensor(.f32, [1, 1, .symbol("h"), 8]))
    let w = graph.addConstant(Tensor(.f32, [1, 1, 3, 3]), name: "w")
    let node = graph.addNode(Conv(), [x, w], outputs: ["y"], name: "conv")
    graph.setOutputs(graph[node].outputs.compactMap { $0 })
    #expect(graph.inferTypes().isEmpty)
    let found = problem(try session(graph), ["x": Tensor(.f32, [1, 1, 1, 8])])
    #expect(found?.id == .inputShape && found?.node == "conv")
  }
}
