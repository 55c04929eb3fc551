import ApusCore
import ApusOperators
import Testing

@Suite struct LoopTests {
  /// A body that doubles what it carries by concatenation and gives what it got as scan element.
  private func growing() throws -> Graph {
    var body = Graph(name: "grow")
    body.addInput("i", .tensor(.i64, []))
    let condition = body.addInput("go", .tensor(.bool, []))
    let x = body.addInput("x", .tensor(.f32, nil))
    let one = body.addInput("captured", .tensor(.f32, nil))
    let longer = try body.add(Concat(axis: 0), [x, one], "longer")
    let next = try body.add(Identity(), [condition], "next")
    let element = try body.add(Size(), [x], "element")
    body.setOutputs([next, longer, element])
    return body
  }

  @Test func runsAsOftenAsItIsTold() throws {
    let loop = Loop(body: try growing(), carriedCount: 1)
    let results = try loop.evaluate(
      Operands(
        [Tensor(scalar: Int64(3)), nil, Tensor([7] as [Float]), Tensor([1] as [Float])], outputCount: 2))
    #expect(results[0].tensor?.elements() == [7, 1, 1, 1] as [Float])
    #expect(results[1].tensor?.elements() == [1, 2, 3] as [Int64])
  }

  @Test func givesEmptyScansWhenItNeverRuns() throws {
    let loop = Loop(body: try growing(), carriedCount: 1)
    let results = try loop.evaluate(
      Operands(
        [Tensor(scalar: Int64(0)), nil, Tensor([7] as [Float]), Tensor([1] as [Float])], outputCount: 2))
    #expect(results[0].tensor?.elements() == [7] as [Float])
    #expect(results[1].tensor?.shape == [0])
  }

  @Test func widensWhatVariesFromRunToRun() throws {
    let loop = Loop(body: try growing(), carriedCount: 1)
    let limit = Contents(.i64, [], dims: [.symbol("n")])
    let context = InferenceContext(
      inputs: [.tensor(.i64, []), nil, .tensor(.f32, [1]), .tensor(.f32, [1])],
      contents: [limit, nil, nil, nil], outputCount: 2)
    let types = try loop.infer(context)
    #expect(types[0].tensor?.rank == 1)
    #expect(types[0].tensor?.staticShape == nil)
    #expect(types[1] == .tensor(.i64, [.symbol("n")]))
  }

  @Test func refusesABodyThatDoesNotFit() throws {
    let loop = Loop(body: try growing(), carriedCount: 3)
    #expect(throws: OperatorError.self) { try loop.evaluate(Operands([Tensor]())) }
    #expect(throws: OperatorError.self) { try loop.infer(InferenceContext(inputs: [])) }
  }
}
