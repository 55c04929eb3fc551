import ApusCore
import ApusOperators
import ApusTestSupport
import Testing

@Suite(.enabled(if: EmulatedImages.isAvailable, "no C++ compiler"))
struct GeneralReductionTests {
  private func axes(_ values: Int64...) -> NodeCase.Input { .constant(Tensor(values, shape: [values.count])) }

  @Test func reductions() throws {
    var squeezed = ReduceMax()
    squeezed.keepDims = false
    try checkEmulated(
      "cuda.reduce",
      [
        NodeCase(ReduceSum(), [.fed(.f32, [nil, 5, 37, 3]), axes(1, 3)]),
        NodeCase(ReduceMean(), [.fed(.f16, [nil, 5, 150]), axes(0, -1)], tolerance: 2e-3),
        NodeCase(squeezed, [.fed(.i32, [nil, 41, 2]), axes(0)]),
        NodeCase(ReduceMin(), [.fed(.bf16, [nil, 70]), axes(0, 1)]),
        NodeCase(ReduceProd(), [.fed(.f64, [nil, 7, 3]), axes(1)]),
        NodeCase(ReduceL1(), [.fed(.i64, [nil, 99]), axes(1)]),
        NodeCase(ReduceL2(), [.fed(.f32, [nil, 9, 40]), .absent]),
        NodeCase(ReduceLogSumExp(), [.fed(.f32, [nil, 200]), axes(1)]),
        NodeCase(ReduceSumSquare(), [.fed(.f32, [nil, 2, 3, 2, 3]), axes(0, 2, 4)]),
        NodeCase(ReduceMax(), [.fed(.bool, [nil, 77]), axes(1)]),
      ], batches: [3])
  }

  @Test func positionsOfExtremes() throws {
    var last = ArgMax()
    (last.axis, last.selectLastIndex, last.keepDims) = (1, true, false)
    var first = ArgMin()
    first.axis = -1
    try checkEmulated(
      "cuda.arg-reduce",
      [
        NodeCase(last, [.fed(.i8, [nil, 130, 3])]), NodeCase(first, [.fed(.f32, [nil, 9, 90])]),
        NodeCase(first, [.fed(.f16, [nil, 5])]),
      ], batches: [3])
  }

  @Test func lines() throws {
    var norm = LpNormalization()
    (norm.axis, norm.p) = (1, 1)
    var one = Hardmax()
    one.axis = 1
    var flattened = Softmax(axis: 1)
    flattened.flattened = true
    try checkEmulated(
      "cuda.line-map",
      [
        NodeCase(Softmax(axis: 1), [.fed(.f32, [nil, 37, 5])]),
        NodeCase(flattened, [.fed(.f16, [nil, 9, 11])]),
        NodeCase(LogSoftmax(), [.fed(.f64, [nil, 1300])]),
        NodeCase(norm, [.fed(.f32, [nil, 50])]), NodeCase(one, [.fed(.f32, [nil, 50, 2])]),
      ], batches: [3])
  }

  @Test func normalizations() throws {
    var group = GroupNormalization()
    group.groups = 3
    var training = BatchNormalization()
    training.trainingMode = true
    var pictures = MeanVarianceNormalization()
    pictures.axes = [0, 2]
    let seven = [NodeCase.Input.fed(.f32, [7]), .fed(.f32, [7])]
    try checkEmulated(
      "cuda.normalize",
      [
        NodeCase(
          LayerNormalization(axis: 1, epsilon: 1e-5),
          [.fed(.f32, [nil, 5, 16]), .fed(.f32, [5, 16]), .fed(.f32, [16])], outputs: 3),
        NodeCase(
          RMSNormalization(axis: -1, epsilon: 1e-5), [.fed(.f16, [nil, 90]), .fed(.f16, [1])], tolerance: 5e-3
        ),
        NodeCase(InstanceNormalization(), [.fed(.f32, [nil, 7, 5, 9])] + seven),
        NodeCase(group, [.fed(.f32, [nil, 21, 5]), .random(.f32, [21]), .fed(.f32, [21])]),
        NodeCase(training, [.fed(.f32, [nil, 7, 50])] + seven + seven, outputs: 3),
        NodeCase(pictures, [.fed(.f64, [nil, 7, 50])]),
      ], batches: [3])
  }

  @Test(arguments: [DType.f8e4m3fn, .f8e5m2fnuz, .f4e2m1, .i4, .u2])
  func casts(to dtype: DType) throws {
    var wrapping = Cast(to: dtype)
    wrapping.saturate = false
    try checkEmulated(
      "cuda.cast",
      [
        NodeCase(Cast(to: dtype), [.fed(.f64, [nil, 37])]), NodeCase(wrapping, [.fed(.f16, [nil, 3])]),
        NodeCase(Cast(to: .f16), [.fed(dtype, [nil, 37])]),
      ], batches: [3])
  }
}
