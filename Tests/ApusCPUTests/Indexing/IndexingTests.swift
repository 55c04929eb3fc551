import ApusCPUTactics
import ApusCore
import ApusEngine
import ApusOperators
import ApusTactics
import ApusTestSupport
import Testing

@Suite struct IndexingTests {
  /// Random indices below `size`, half of them counted from the end.
  private func indices(_ shape: [Int], below size: Int, seed: UInt64 = 3) -> NodeCase.Input {
    var generator = Xoshiro256(seed: seed)
    let range = Int64(-size)...Int64(size - 1)
    return .constant(Tensor((0..<shape.elementCount).map { _ in generator.integer(in: range) }, shape: shape))
  }

  @Test func singleElementsAreChosen() throws {
    try check(
      [
        NodeCase(GatherElements(axis: 1), [.fed(.f32, [5, 7, 9]), indices([5, 11, 9], below: 7)]),
        NodeCase(GatherElements(axis: -1), [.fed(.u8, [4, 300]), indices([3, 700], below: 300)]),
        NodeCase(GatherElements(axis: 0), [.fed(.bf16, [6, 3]), indices([20, 2], below: 6)]),
        NodeCase(GatherElements(axis: 0), [.fed(.f64, [6]), indices([20], below: 6)]),
        NodeCase(GatherElements(axis: 1), [.fed(.c128, [nil, 3]), .fed(.i32, [nil, 5])]),
        NodeCase(GatherElements(axis: 1), [.fed(.f32, [nil, 3]), .fed(.i64, [nil, 0])]),
      ], runs: ["cpu.gather.elements/rowMajor"])
  }

  @Test func slicesAreChosen() throws {
    let tuples = NodeCase.Input.constant(Tensor([0, -1, 2, 1, -3, 0] as [Int64], shape: [3, 2]))
    try check(
      [
        NodeCase(GatherND(), [.fed(.f32, [3, 2, 5]), tuples]),
        NodeCase(GatherND(), [.fed(.bool, [3, 4]), tuples]),
        NodeCase(GatherND(batchDims: 1), [.fed(.f32, [nil, 4, 3]), .fed(.i64, [nil, 5, 1])]),
        NodeCase(GatherND(batchDims: 1), [.fed(.u16, [nil, 2, 2]), .fed(.i32, [nil, 2])]),
        NodeCase(GatherND(), [.fed(.i64, [2, 3]), .fed(.i64, [nil, 0, 1])]),
      ], runs: ["cpu.gather.nd/rowMajor"])
  }

  @Test(arguments: [ScatterReduction.none, .add, .mul, .max, .min])
  func updatesAreJoinedInOrder(_ reduction: ScatterReduction) throws {
    let elements = { (axis: Int) in ScatterElements(axis: axis, reduction: reduction) }
    try check(
      [
        NodeCase(
          elements(1), [.fed(.f32, [3, 9, 5]), indices([3, 20, 4], below: 9), .fed(.f32, [3, 20, 4])]),
        NodeCase(
          elements(-1), [.fed(.i32, [90, 6]), indices([80, 9], below: 6), .fed(.i32, [80, 9])]),
        NodeCase(elements(0), [.fed(.i64, [7, 3]), indices([12, 3], below: 7), .fed(.i64, [12, 3])]),
        NodeCase(elements(0), [.fed(.u8, [5]), indices([40], below: 5), .fed(.u8, [40])]),
        NodeCase(elements(1), [.fed(.f64, [nil, 4]), .fed(.i64, [nil, 6]), .fed(.f64, [nil, 6])]),
      ], runs: ["cpu.scatter.elements/rowMajor"])
    try check(
      [
        NodeCase(
          ScatterND(reduction: reduction),
          [.fed(.f32, [6, 5]), indices([9, 1], below: 6), .fed(.f32, [9, 5])]),
        NodeCase(
          ScatterND(reduction: reduction),
          [.fed(.i8, [4, 4, 3]), indices([3, 2, 2], below: 4), .fed(.i8, [3, 2, 3])]),
        NodeCase(
          ScatterND(reduction: reduction),
          [.fed(.i64, [2, nil]), .fed(.i64, [3, 1]), .fed(.i64, [3, nil])]),
      ], runs: ["cpu.scatter.nd/rowMajor"])
  }

  @Test func anyTypeIsReplaced() throws {
    try check(
      [
        NodeCase(
          ScatterElements(axis: 0), [.fed(.f16, [5, 3]), indices([4, 2], below: 5), .fed(.f16, [4, 2])]),
        NodeCase(
          ScatterElements(axis: 0), [.fed(.c128, [5]), indices([4], below: 5), .fed(.c128, [4])]),
      ], runs: ["cpu.scatter.elements/rowMajor"])
  }

  @Test func positionsOfWhatIsNotZero() throws {
    try check(
      [
        NodeCase(NonZero(), [.fed(.bool, [nil, 5, 7])]),
        NodeCase(NonZero(), [.fed(.i64, [nil, 40000])]),
        NodeCase(NonZero(), [.fed(.i32, [nil])]),
        NodeCase(NonZero(), [.fed(.u8, [])]),
        NodeCase(NonZero(), [.fed(.f32, [nil, 3])]),
        NodeCase(NonZero(), [.fed(.i64, [0, 3])]),
        NodeCase(NonZero(), [.constant(Tensor([0, -0.0, .nan, 2] as [Float]))]),
      ], runs: ["cpu.nonzero/rowMajor"])
  }

  @Test func vectorsWithOneValue() throws {
    let depth = NodeCase.Input.constant(Tensor([6] as [Int64]))
    try check(
      [
        NodeCase(OneHot(axis: 1), [indices([3, 4], below: 8), depth, .fed(.f32, [2])]),
        NodeCase(OneHot(axis: -1), [.fed(.i32, [nil, 4]), depth, .fed(.u8, [2])]),
        NodeCase(OneHot(axis: 0), [.fed(.i64, [nil]), depth, .fed(.c128, [2])]),
        NodeCase(OneHot(axis: 0), [.fed(.i64, [nil, 0]), depth, .fed(.f32, [2])]),
      ], runs: ["cpu.onehot/rowMajor"])
  }

  @Test func largestAndSmallest() throws {
    let k = { (number: Int64) in NodeCase.Input.constant(Tensor([number])) }
    let odd = Tensor([3, .nan, -0.0, 0, .infinity, -.infinity, .nan, 1, 1] as [Float], shape: [1, 9])
    try check(
      [
        NodeCase(TopK(axis: -1), [.fed(.f32, [nil, 5000]), k(300)], outputs: 2),
        NodeCase(TopK(axis: 1, largest: false), [.fed(.f32, [nil, 70, 3]), k(7)], outputs: 2),
        NodeCase(TopK(axis: 0), [.fed(.i64, [9, nil]), k(9)], outputs: 2),
        NodeCase(TopK(axis: 0, largest: false), [.fed(.f64, [30, nil]), k(4)], outputs: 2),
        NodeCase(TopK(axis: 1), [.fed(.bf16, [nil, 33]), k(5)], outputs: 2),
        NodeCase(TopK(axis: 1), [.fed(.u8, [nil, 500]), k(50)], outputs: 2),
        NodeCase(TopK(axis: 1), [.fed(.i32, [nil, 12]), k(0)], outputs: 2),
        NodeCase(TopK(axis: 1), [.constant(odd), k(9)], outputs: 2),
        NodeCase(TopK(axis: 1, largest: false), [.constant(odd), k(9)], outputs: 2),
      ], runs: ["cpu.topk/rowMajor"])
  }

  @Test func indicesOutsideAreRefused() throws {
    let data = Tensor([1, 2, 3] as [Float])
    let outside = Tensor([0, 3] as [Int64])
    func run(_ op: any Operator, _ inputs: [Tensor]) throws {
      var graph = Graph(name: "outside")
      let values = inputs.enumerated().map { graph.addInput("x\($0)", .tensor($1.type)) }
      let node = graph.addNode(op, values, outputs: ["y"])
      #expect(graph.inferTypes().isEmpty)
      graph.setOutputs(graph[node].outputs.compactMap { $0 })
      let pool = ConstantPool(section: "packed.0")
      let lowered = try Lowering.lower(graph, tactics: .cpu(), constants: pool, chooser: FirstTactic())
      #expect(lowered.notes.allSatisfy { $0.tactic != "reference" })
      let session = Session(
        try ExecutablePlan(
          lowered.plan, constants: pool, runtimes: TacticSet.cpu().runtimes, catalogue: .standard))
      _ = try session.run(Dictionary(uniqueKeysWithValues: zip(["x0", "x1", "x2"], inputs)))
    }
    #expect(throws: ApusError.self) { try run(GatherElements(axis: 0), [data, outside]) }
    #expect(throws: ApusError.self) { try run(GatherND(), [data, outside.reshaped([2, 1])]) }
    #expect(throws: ApusError.self) {
      try run(ScatterElements(axis: 0), [data, outside, Tensor([1, 2] as [Float])])
    }
    #expect(throws: ApusError.self) {
      try run(ScatterND(), [data, outside.reshaped([2, 1]), Tensor([1, 2] as [Float])])
    }
  }
}
