import ApusBuilder
import ApusCPUTactics
import ApusCore
import ApusEngine
import ApusOperators
import ApusTactics
import Testing

/// Kernels that hold their weights packed run behind sizes that only the data tell, where types are inferred anew.
@Suite struct LatePackedTests {
  /// The rows that a mask keeps, through an operator with constant weights.
  private func check(_ op: any Operator, _ x: [Int], _ weights: [Int]) throws {
    var graph = Graph(name: "g")
    let input = graph.addInput("x", .tensor(.f32, Shape(x)))
    let mask = graph.addInput("mask", .tensor(.bool, [.constant(x[0])]))
    var generator = Xoshiro256(seed: 5, stream: "weights")
    let w = graph.addConstant(.random(.f32, weights, using: &generator), name: "w")
    let kept = graph.addNode(Compress(axis: 0), [input, mask], outputs: ["kept"])
    let rows = try #require(graph[kept].outputs.first ?? nil)
    let node = graph.addNode(op, [rows, w], outputs: ["y"])
    graph.setOutputs(graph[node].outputs.compactMap { $0 })
    #expect(graph.inferTypes().isEmpty)
    var options = BuildOptions()
    options.deterministic = true
    let built = try Builder(options: options, tactics: .cpu()).build(SourceModel(graph))
    let session = Session(built.lowered.executable, options: SessionOptions(threads: 1))
    let values = Tensor.random(.f32, x, using: &generator)
    let inputs = ["x": values, "mask": Tensor((0..<x[0]).map { $0 % 3 != 1 }, shape: [x[0]])]
    let actual = try #require(try session.run(inputs)["y"])
    let reference = try GraphInterpreter(graph).run(inputs.mapValues(Value.tensor))["y"]?.tensor
    let expected = try #require(reference)
    #expect(actual.shape == expected.shape)
    let errors = zip(actual.doubles(), expected.doubles()).map { abs($0 - $1) / max(1, abs($1)) }
    #expect(errors.allSatisfy { $0 < 1e-4 })
  }

  @Test func products() throws { try check(MatMul(), [7, 6], [6, 5]) }

  @Test func convolutions() throws { try check(Conv(), [4, 6, 9, 8], [5, 6, 3, 3]) }
}
