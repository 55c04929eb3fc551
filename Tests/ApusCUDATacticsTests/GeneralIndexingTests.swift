import ApusCore
import ApusOperators
import ApusTestSupport
import Testing

@Suite(.enabled(if: EmulatedImages.isAvailable, "no C++ compiler"))
struct GeneralIndexingTests {
  private func indices(_ values: [Int64], _ shape: [Int]) -> NodeCase.Input {
    .constant(Tensor(values, shape: shape))
  }

  @Test func movedElements() throws {
    var lower = Trilu()
    lower.upper = false
    var eye = EyeLike()
    (eye.k, eye.dtype) = (-1, .i32)
    try checkEmulated(
      "cuda.elements",
      [
        NodeCase(lower, [.fed(.f32, [nil, 5, 7]), indices([2], [])]),
        NodeCase(Trilu(), [.fed(.f16, [nil, 9])]),
        NodeCase(
          ReverseSequence(batchAxis: 1, timeAxis: 2),
          [.fed(.f32, [nil, 4, 5, 3]), indices([5, 0, 1, 4], [4])]),
        NodeCase(eye, [.fed(.f32, [nil, 5])]),
      ], batches: [3])
  }

  @Test func chosenElements() throws {
    try checkEmulated(
      "cuda.gather-elements",
      [
        NodeCase(
          GatherElements(axis: 1),
          [.fed(.f32, [nil, 5, 3]), indices([0, -1, 4, 2, 1, -5, 3, 3, 0, 1, 2, 4], [2, 2, 3])]),
        NodeCase(
          GatherND(batchDims: 1), [.fed(.f16, [nil, 4, 3, 5]), indices([0, 2, -1, 1, 3, 0], [3, 1, 2])]),
        NodeCase(GatherND(), [.fed(.i8, [nil, 4, 6]), indices([2, -1, 0, 3], [2, 2])]),
        NodeCase(
          OneHot(axis: 1),
          [indices([1, -2, 9, 0], [2, 2]), indices([5], [1]), .fed(.f32, [2])]),
      ], batches: [3])
  }

  @Test(arguments: [ScatterReduction.none, .add, .mul, .max, .min])
  func scattered(_ reduction: ScatterReduction) throws {
    // Places are named once where the order of updates would matter otherwise.
    let lines: [Int64] = reduction == .none ? [0, 3, -2, 1, 2, 0] : [0, 0, -1, 1, 4, 4]
    let tuples: [Int64] = reduction == .none ? [0, 1, 2, -1, 1, 3] : [0, 1, 0, 1, 2, -1]
    try checkEmulated(
      "cuda.scatter",
      [
        NodeCase(
          ScatterElements(axis: 1, reduction: reduction),
          [.fed(.f32, [nil, 5, 4]), indices(lines, [1, 3, 2]), .fed(.f32, [1, 3, 2])]),
        NodeCase(
          ScatterND(reduction: reduction),
          [.fed(.i32, [nil, 4, 6]), indices(tuples, [3, 2]), .fed(.i32, [3, 6])]),
      ], batches: [3])
  }

  @Test func caches() throws {
    try checkEmulated(
      "cuda.scatter",
      [
        NodeCase(
          TensorScatter(axis: -2, circular: true),
          [.fed(.f16, [nil, 2, 5, 3]), .fed(.f16, [nil, 2, 2, 3]), indices([4, 0, 2], [3])]),
        NodeCase(
          TensorScatter(axis: 1, circular: false), [.fed(.f32, [nil, 5, 3]), .fed(.f32, [nil, 2, 3])]),
      ], batches: [3])
  }

  @Test func runningTotals() throws {
    var sum = CumSum()
    (sum.exclusive, sum.reverse) = (true, true)
    try checkEmulated(
      "cuda.cumulate",
      [
        NodeCase(CumSum(), [.fed(.f32, [nil, 40, 3]), indices([1], [])]),
        NodeCase(sum, [.fed(.i64, [nil, 9]), indices([-1], [])]),
        NodeCase(CumProd(), [.fed(.f64, [nil, 9]), indices([0], [])]),
      ], batches: [3])
  }

  @Test func losses() throws {
    var weighted = NegativeLogLikelihoodLoss()
    weighted.ignoredLabel = 1
    var single = SoftmaxCrossEntropyLoss()
    single.reduction = .none
    let labels = indices([0, 1, 4, 2, 1, 3], [3, 2])
    try checkEmulated(
      "cuda.class-loss",
      [
        NodeCase(weighted, [.fed(.f32, [nil, 5, 2]), labels, .fed(.f32, [5])]),
        NodeCase(single, [.fed(.f16, [nil, 5, 2]), labels], outputs: 2, tolerance: 2e-3),
        NodeCase(SoftmaxCrossEntropyLoss(), [.fed(.f32, [nil, 5, 2]), labels], outputs: 2),
      ], batches: [3])
  }
}
