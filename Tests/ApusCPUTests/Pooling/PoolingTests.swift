import ApusCore
import ApusOperators
import ApusTestSupport
import Testing

@Suite struct PoolingTests {
  @Test func windows() throws {
    var largest = MaxPool()
    (largest.kernelShape, largest.strides, largest.pads) = ([3, 3], [2, 2], [1, 1, 1, 1])
    var hanging = MaxPool()
    (hanging.kernelShape, hanging.strides, hanging.ceilMode, hanging.dilations) = (
      [2, 3], [2, 2], true, [2, 1]
    )
    var mean = AveragePool()
    (mean.kernelShape, mean.strides, mean.pads, mean.autoPad) = ([3, 2], [2, 1], [], .sameUpper)
    var padded = AveragePool()
    (padded.kernelShape, padded.pads, padded.countIncludePad, padded.ceilMode, padded.strides) =
      ([3], [1, 2], true, true, [2])
    try check(
      [
        NodeCase(largest, [.fed(.f32, [nil, 19, 11, 14])]), NodeCase(hanging, [.fed(.f32, [nil, 5, 9, 8])]),
        NodeCase(mean, [.fed(.f32, [nil, 33, 7, 6])]), NodeCase(padded, [.fed(.f32, [nil, 4, 12])]),
        NodeCase(largest, [.fed(.bf16, [nil, 64, 8, 8])]),
      ], runs: ["cpu.pooling.nhwc/channelsLast"])
  }

  @Test func allPixels() throws {
    var kept = ReduceMean()
    kept.keepDims = true
    var squeezed = ReduceMean()
    squeezed.keepDims = false
    let axes = NodeCase.Input.constant(Tensor([2, -1] as [Int64]))
    try check(
      [
        NodeCase(GlobalAveragePool(), [.fed(.f32, [nil, 67, 7, 5])]),
        NodeCase(GlobalMaxPool(), [.fed(.f32, [nil, 9, 13])]),
        NodeCase(kept, [.fed(.f32, [nil, 130, 4, 3]), axes]),
        NodeCase(squeezed, [.fed(.f32, [nil, 20, 4, 3]), axes]),
        NodeCase(GlobalAveragePool(), [.fed(.bf16, [nil, 67, 7, 5])]),
      ], runs: ["cpu.pooling.global/channelsLast"])
  }
}
