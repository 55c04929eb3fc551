import ApusCPUTactics
import ApusCore
import ApusOperators
import ApusTactics
import Testing

@testable import ApusBuilder

@Suite struct AccuracyGuardTests {
  /// Eight products of growing width after one another, each with a Relu behind it.
  private func chain() -> Graph {
    var graph = Graph(name: "chain")
    var value: ValueID? = graph.addInput("x", .tensor(.f32, [2, 8]))
    for step in 0..<8 {
      let weight = graph.addConstant(Tensor(.f32, [8 + step, 9 + step]))
      let product = graph.addNode(
        MatMul(), [value, weight], outputs: ["product\(step)"], name: "product\(step)")
      let relu = graph.addNode(
        Relu(), graph[product].outputs, outputs: ["relu\(step)"], name: "relu\(step)")
      value = graph[relu].outputs[0]
    }
    graph.setOutputs([value].compactMap { $0 })
    #expect(graph.inferTypes().isEmpty)
    return graph
  }

  /// Names of the nodes kept where these steps must be, and how often that was asked.
  private func kept(_ needed: Set<Int>) throws -> (nodes: Set<String>?, evaluations: Int) {
    let graph = chain()
    #expect(graph.verify().isEmpty)
    var search = AccuracyGuard(minimum: 0.99, graph: graph, sizes: [:]) { kept in
      let names = Set(kept.map { graph[$0].name })
      return needed.allSatisfy { names.contains("product\($0)") } ? 0.995 : 0.9
    }
    let nodes = try search.nodesToKeep()
    return (nodes.map { Set($0.map { graph[$0].name }) }, search.evaluations)
  }

  private func products(_ names: Set<String>?) -> Set<String>? {
    names.map { $0.filter { $0.hasPrefix("product") } }
  }

  @Test func nothingIsKeptWithoutNeed() throws {
    let found = try kept([])
    #expect(found.nodes?.isEmpty == true)
    #expect(found.evaluations == 1)
  }

  @Test func aBeginningIsFound() throws {
    #expect(try kept([0, 1, 2]).nodes == ["product0", "relu0", "product1", "relu1", "product2", "relu2"])
  }

  @Test func anEndIsFound() throws {
    let found = try kept([7])
    #expect(found.nodes == ["product7", "relu7"])
    #expect(found.evaluations <= 10)
  }

  @Test func whatLiesBetweenIsLoweredAgain() throws {
    #expect(products(try kept([0, 3]).nodes) == ["product0", "product3"])
    #expect(products(try kept([1, 6]).nodes) == ["product1", "product6"])
  }

  @Test func whereNothingHelpsThereIsNoAnswer() throws {
    #expect(try kept([100]).nodes == nil)
  }

  /// The difference of two nearly equal products: BF16 leaves little of it.
  private func cancelling() -> Graph {
    var graph = Graph(name: "cancelling")
    let x = graph.addInput("x", .tensor(.f32, [4, 16]))
    var generator = Xoshiro256(seed: 3)
    let weight = (0..<16 * 8).map { _ in Float(generator.uniform() + 1) }
    let nearly = weight.map { $0 + 0.01 * Float(generator.uniform() - 0.5) }
    let sides = [weight, nearly].enumerated().map { index, elements in
      let constant = graph.addConstant(Tensor(doubles: elements.map(Double.init), .f32, [16, 8]))
      let product = graph.addNode(MatMul(), [x, constant], outputs: ["side\(index)"])
      return graph[product].outputs[0]
    }
    let node = graph.addNode(Sub(), sides, outputs: ["y"])
    graph.setOutputs(graph[node].outputs.compactMap { $0 })
    return graph
  }

  @Test func anEngineReachesTheCosineThatIsAskedFor() throws {
    var graph = cancelling()
    #expect(graph.inferTypes().isEmpty)
    var options = BuildOptions()
    options.deterministic = true
    options.precisions = [.bf16]
    let plain = try Builder(options: options, tactics: .cpu(precision: "bf16")).build(SourceModel(graph))
      .report
    #expect(plain.accuracy[0].cosine < 0.99)
    #expect(plain.accuracyGuard == nil)
    options.minimumCosine = 0.999
    let guarded = try Builder(options: options, tactics: .cpu(precision: "bf16")).build(SourceModel(graph))
      .report
    #expect(guarded.accuracy[0].cosine >= 0.999)
    #expect(guarded.accuracyGuard?.nodes.isEmpty == false)
  }

  @Test func whatCannotBeReachedIsRefused() throws {
    var graph = cancelling()
    #expect(graph.inferTypes().isEmpty)
    var options = BuildOptions()
    options.deterministic = true
    options.precisions = [.bf16]
    options.minimumCosine = 1.01
    let error = #expect(throws: ApusError.self) {
      try Builder(options: options, tactics: .cpu(precision: "bf16")).build(SourceModel(graph))
    }
    #expect(error?.problems.first?.id == .accuracyMissed)
  }
}
