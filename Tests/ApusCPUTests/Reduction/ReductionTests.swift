import ApusCore
import ApusOperators
import ApusTestSupport
import Testing

@Suite struct ReductionTests {
  private func axes(_ values: Int64...) -> NodeCase.Input { .constant(Tensor(values)) }

  @Test func anyAxes() throws {
    var squeezed = ReduceSum()
    squeezed.keepDims = false
    try check(
      [
        NodeCase(ReduceMean(), [.fed(.f32, [nil, 5, 33]), axes(-1)]),
        NodeCase(ReduceMax(), [.fed(.f32, [nil, 5, 6, 7]), axes(1, 2)]),
        NodeCase(ReduceMin(), [.fed(.f32, [nil, 5, 6, 7]), axes(1, 3)]),
        NodeCase(squeezed, [.fed(.f32, [nil, 5, 6, 7]), axes(0, 2)]),
        NodeCase(ReduceProd(), [.fed(.f32, [nil, 3, 4]), axes(0, 1)]),
        NodeCase(ReduceL1(), [.fed(.f32, [nil, 9])]),
        NodeCase(ReduceL2(), [.fed(.f32, [nil, 4, 9]), axes(1)]),
        NodeCase(ReduceSumSquare(), [.fed(.f32, [nil, 4, 9]), axes(2)]),
        NodeCase(ReduceLogSumExp(), [.fed(.f32, [nil, 4, 9]), axes(2)]),
        NodeCase(ReduceMean(), [.fed(.bf16, [nil, 4, 9]), axes(2)]),
      ], runs: ["cpu.reduce/rowMajor"])
  }
}
