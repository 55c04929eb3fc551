import ApusCore
import ApusOperators
import Testing

@Suite struct ScanTests {
  /// Running sums.
  private func summing() throws -> Graph {
    var body = Graph(name: "sum")
    let state = body.addInput("state", .tensor(.f32, nil))
    let x = body.addInput("x", .tensor(.f32, nil))
    let sum = try body.add(Add(), [state, x], "sum")
    let copy = try body.add(Identity(), [sum], "copy")
    body.setOutputs([sum, copy])
    return body
  }

  @Test func carriesStatesAndStacksElements() throws {
    var scan = Scan()
    scan.body = try summing()
    scan.scanCount = 1
    let x = Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [3, 2])
    let start = Tensor([10, 20] as [Float])
    let forward = try scan.evaluate(Operands([start, x], outputCount: 2))
    #expect(forward[0].tensor?.elements() == [19, 32] as [Float])
    #expect(forward[1].tensor?.elements() == [11, 22, 14, 26, 19, 32] as [Float])
    scan.inputDirections = [1]
    scan.outputAxes = [1]
    let backward = try scan.evaluate(Operands([start, x], outputCount: 2))
    #expect(backward[1].tensor?.shape == [2, 3])
    #expect(backward[1].tensor?.elements() == [15, 18, 19, 26, 30, 32] as [Float])
    let types = try scan.infer(
      InferenceContext(inputs: [.tensor(.f32, [2]), .tensor(.f32, [.symbol("t"), 2])], outputCount: 2))
    #expect(types[1] == .tensor(.f32, [2, .symbol("t")]))
  }

  @Test func stopsAtEachLengthOfABatch() throws {
    var scan = BatchedScan()
    scan.body = try summing()
    scan.scanCount = 1
    let x = Tensor([1, 2, 3, 4] as [Float], shape: [2, 2, 1])
    let results = try scan.evaluate(
      Operands([Tensor([2, 1] as [Int64]), Tensor([0, 0] as [Float], shape: [2, 1]), x], outputCount: 2))
    #expect(results[0].tensor?.elements() == [3, 3] as [Float])
    #expect(results[1].tensor?.elements() == [1, 3, 3, 0] as [Float])
  }
}
