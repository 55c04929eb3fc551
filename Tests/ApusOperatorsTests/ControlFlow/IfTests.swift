import ApusCore
import ApusOperators
import Testing

@Suite struct IfTests {
  private func branch(_ op: any Operator, inputs: Int) throws -> Graph {
    var body = Graph(name: "branch")
    let x = body.addInput("x", .tensor(.f32, nil))
    let y = try body.add(op, [ValueID?](repeating: x, count: inputs), "y")
    body.setOutputs([y])
    return body
  }

  private func op() throws -> If {
    If(thenBranch: try branch(Relu(), inputs: 1), elseBranch: try branch(Concat(axis: 0), inputs: 2))
  }

  @Test(arguments: [true, false]) func takesOneBranch(_ condition: Bool) throws {
    let x = Tensor([-1, 2] as [Float])
    let y = try op().evaluate(Operands([Tensor(scalar: condition), x]))[0].tensor
    #expect(y?.elements() == (condition ? [0, 2] : [-1, 2, -1, 2]) as [Float])
  }

  @Test func mergesTheTypesOfBothBranches() throws {
    let inputs: [ValueType?] = [.tensor(.bool, []), .tensor(.f32, [.symbol("n")])]
    let open = try op().infer(InferenceContext(inputs: inputs))
    #expect(open[0].tensor?.rank == 1)
    #expect(open[0].tensor?.shape != [.symbol("n")])
    let known = InferenceContext(inputs: inputs, contents: [Contents(.bool, [], dims: [0]), nil])
    #expect(try op().infer(known) == [.tensor(.f32, [.symbol("n") + .symbol("n")])])
  }
}
