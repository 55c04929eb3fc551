import ApusCore
import ApusOperators
import Testing

@Suite struct GraphInterpreterTests {
  /// `relu(x + x + one)`.
  static func graph() throws -> Graph {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", .tensor(.f32, [.symbol("n")]))
    let one = graph.addConstant(Tensor([1, 1] as [Float]), name: "one")
    let sum = try graph.add(Add(), [x, x], "sum")
    let shifted = try graph.add(Add(), [sum, one], "shifted")
    graph.setOutputs([try graph.add(Relu(), [shifted], "y")])
    return graph
  }

  @Test func runsNodesInOrderAndRecordsThem() throws {
    let interpreter = try GraphInterpreter(Self.graph())
    var seen: [String] = []
    let result = try interpreter.run([.tensor(Tensor([-3, 2] as [Float]))]) { value, _ in
      seen.append(value.name)
    }
    #expect(result[0].tensor?.elements() == [0, 5] as [Float])
    #expect(seen == ["sum", "shifted", "y"])
  }

  @Test func namesTheNodeThatRefuses() throws {
    let interpreter = try GraphInterpreter(Self.graph())
    #expect(throws: ApusError.self) { try interpreter.run([.tensor(Tensor([1, 2, 3] as [Float]))]) }
    #expect(throws: ApusError.self) { try interpreter.run([]) }
    #expect(throws: ApusError.self) { try interpreter.run(["z": .tensor(Tensor([1] as [Float]))]) }
  }
}

extension Graph {
  /// Adds a node with one output.
  mutating func add(_ op: any Operator, _ inputs: [ValueID?], _ output: String) throws -> ValueID {
    let id = addNode(op, inputs, outputs: [output])
    return try #require(self[id].outputs[0])
  }
}
