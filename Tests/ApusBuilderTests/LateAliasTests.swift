import ApusBuilder
import ApusCPUTactics
import ApusCore
import ApusEngine
import ApusOperators
import ApusTactics
import Testing

/// What steps behind sizes that only the data tell compute reaches outputs that share its planned memory.
@Suite struct LateAliasTests {
  /// Axes that a kernel has in it tell the sizes all the same.
  @Test(arguments: [[0], [1], [0, 1]] as [[Int64]]) func sumsOfWhatIsKept(along axes: [Int64]) throws {
    var graph = Graph(name: "g")
    let input = graph.addInput("x", .tensor(.f32, [7, 6]))
    let mask = graph.addInput("mask", .tensor(.bool, [7]))
    let kept = graph.addNode(Compress(axis: 0), [input, mask], outputs: ["kept"])
    let rows = try #require(graph[kept].outputs.first ?? nil)
    let along = graph.addConstant(Tensor(axes), name: "axes")
    let total = graph.addNode(ReduceSum(), [rows, along], outputs: ["y"])
    graph.setOutputs(graph[total].outputs.compactMap { $0 })
    #expect(graph.inferTypes().isEmpty)
    var options = BuildOptions()
    options.deterministic = true
    let built = try Builder(options: options, tactics: .cpu()).build(SourceModel(graph))
    let session = Session(built.lowered.executable, options: SessionOptions(threads: 1))
    let inputs = [
      "x": Tensor((0..<42).map { Float($0) }, shape: [7, 6]),
      "mask": Tensor([true, false, true, false, false, false, true], shape: [7]),
    ]
    let y = try #require(try session.run(inputs)["y"])
    let expected = try GraphInterpreter(graph).run(inputs.mapValues(Value.tensor))["y"]?.tensor
    #expect(y == expected)
  }

  @Test func aSumOfWhatIsKeptIsReshapedInPlace() throws {
    var graph = Graph(name: "g")
    let input = graph.addInput("x", .tensor(.f32, [7, 6]))
    let mask = graph.addInput("mask", .tensor(.bool, [7]))
    let kept = graph.addNode(Compress(axis: 0), [input, mask], outputs: ["kept"])
    let axes = graph.addConstant(Tensor([0] as [Int64]), name: "axes")
    let rows = try #require(graph[kept].outputs.first ?? nil)
    var sum = ReduceSum()
    sum.keepDims = false
    let total = graph.addNode(sum, [rows, axes], outputs: ["total"])
    let sums = try #require(graph[total].outputs.first ?? nil)
    let target = graph.addConstant(Tensor([2, 3] as [Int64]), name: "target")
    let shaped = graph.addNode(Reshape(), [sums, target], outputs: ["y"])
    graph.setOutputs(graph[shaped].outputs.compactMap { $0 })
    #expect(graph.inferTypes().isEmpty)
    var options = BuildOptions()
    options.deterministic = true
    let built = try Builder(options: options, tactics: .cpu()).build(SourceModel(graph))
    let session = Session(built.lowered.executable, options: SessionOptions(threads: 1))
    let values = Tensor((0..<42).map { Float($0) }, shape: [7, 6])
    let keeps = Tensor([true, false, true, false, false, false, true], shape: [7])
    let y = try #require(try session.run(["x": values, "mask": keeps])["y"])
    #expect(y.shape == [2, 3])
    #expect(y.doubles() == (0..<6).map { Double(48 + 3 * $0) })
  }
}
