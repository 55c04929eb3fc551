import ApusCore
import ApusOperators
import ApusTestSupport
import Testing

@Suite(.enabled(if: EmulatedImages.isAvailable, "no C++ compiler"))
struct GeneralProductTests {
  private func bytes(_ dtype: DType, _ shape: [Int], _ values: Double...) -> NodeCase.Input {
    .constant(Tensor(doubles: (0..<shape.elementCount).map { values[$0 % values.count] }, dtype, shape))
  }

  @Test func matrices() throws {
    var gemm = Gemm()
    (gemm.transA, gemm.transB, gemm.alpha, gemm.beta) = (true, true, 0.5, 2)
    try checkEmulated(
      "cuda.matmul.general",
      [
        NodeCase(MatMul(), [.fed(.f64, [nil, 5, 7]), .fed(.f64, [nil, 7, 3])]),
        NodeCase(MatMul(), [.fed(.i32, [nil, 1, 5, 7]), .fed(.i32, [4, 7, 3])]),
        NodeCase(MatMul(), [.fed(.f32, [9]), .fed(.f32, [nil, 9, 5])]),
        NodeCase(MatMul(), [.fed(.f16, [nil, 6, 9]), .fed(.f16, [9])], tolerance: 2e-3),
        NodeCase(gemm, [.fed(.f32, [7, nil]), .fed(.f32, [5, 7]), .fed(.f32, [5])]),
        NodeCase(Einsum("bij,bkj->bik"), [.fed(.f32, [nil, 5, 7]), .fed(.f32, [nil, 3, 7])]),
        NodeCase(Einsum("...ii->...i"), [.fed(.f64, [nil, 3, 3])]),
      ])
  }

  @Test func quantizedMatrices() throws {
    try checkEmulated(
      "cuda.matmul.quantized",
      [
        NodeCase(
          MatMulInteger(),
          [.fed(.u8, [nil, 5, 7]), .fed(.i8, [7, 3]), bytes(.u8, [], 9), bytes(.i8, [3], 1, -2, 5)]),
        NodeCase(
          QLinearMatMul(),
          [
            .fed(.u8, [nil, 7]), bytes(.f32, [], 0.02), bytes(.u8, [], 100), .fed(.i8, [7, 3]),
            bytes(.f32, [3], 0.01, 0.03, 0.02), bytes(.i8, [3], 1, -2, 5), bytes(.f32, [], 0.1),
            bytes(.u8, [], 120),
          ]),
      ])
  }

  @Test func convolutions() throws {
    var conv = Conv()
    (conv.strides, conv.pads, conv.dilations, conv.group) = ([2, 1, 1], [1, 0, 1, 0, 2, 1], [1, 2, 1], 2)
    var same = Conv()
    (same.autoPad, same.strides, same.activation) = (.sameLower, [2, 3], Activation(.silu))
    var integer = ConvInteger()
    integer.pads = [1, 0, 0, 1]
    try checkEmulated(
      "cuda.conv.direct",
      [
        NodeCase(
          conv, [.fed(.f32, [nil, 4, 5, 7, 4]), .random(.f32, [6, 2, 3, 2, 3]), .random(.f32, [6])]),
        NodeCase(same, [.fed(.f32, [nil, 3, 7, 8]), .fed(.f32, [4, 3, 3, 2]), .fed(.f32, [4])]),
        NodeCase(
          integer,
          [
            .fed(.u8, [nil, 2, 5, 6]), .fed(.i8, [3, 2, 2, 3]), bytes(.u8, [], 7), bytes(.i8, [3], 1, -4, 2),
          ]),
        NodeCase(
          QLinearConv(),
          [
            .fed(.u8, [nil, 2, 5, 6]), bytes(.f32, [], 0.02), bytes(.u8, [], 90), .fed(.i8, [3, 2, 2, 3]),
            bytes(.f32, [3], 0.01, 0.02, 0.03), bytes(.i8, [], 0), bytes(.f32, [], 0.05), bytes(.u8, [], 128),
            .fed(.i32, [3]),
          ]),
      ])
  }

  @Test func transposedConvolutions() throws {
    var op = ConvTranspose()
    (op.strides, op.pads, op.outputPadding, op.dilations, op.group) = (
      [2, 3], [1, 0, 1, 2], [1, 0], [1, 2], 2
    )
    var line = ConvTranspose()
    (line.autoPad, line.strides) = (.sameUpper, [2])
    try checkEmulated(
      "cuda.conv-transpose.direct",
      [
        NodeCase(op, [.fed(.f32, [nil, 4, 5, 4]), .fed(.f32, [4, 3, 3, 2]), .fed(.f32, [6])]),
        NodeCase(line, [.fed(.f64, [nil, 2, 5]), .fed(.f64, [2, 3, 3])]),
      ])
  }

  @Test func pooling() throws {
    var average = AveragePool()
    (average.kernelShape, average.strides, average.pads) = ([3, 2], [2, 2], [1, 0, 1, 1])
    (average.ceilMode, average.countIncludePad) = (true, true)
    var largest = MaxPool()
    (largest.kernelShape, largest.dilations, largest.columnMajor) = ([2, 3], [2, 1], true)
    var bytes = MaxPool()
    (bytes.kernelShape, bytes.strides) = ([2, 2, 2], [2, 1, 2])
    var norm = LpPool()
    (norm.kernelShape, norm.p, norm.pads) = ([3], 3, [1, 1])
    try checkEmulated(
      "cuda.pooling.direct",
      [
        NodeCase(average, [.fed(.f32, [nil, 3, 8, 7])]),
        NodeCase(largest, [.fed(.f32, [nil, 3, 8, 7])], outputs: 2),
        NodeCase(bytes, [.fed(.i8, [nil, 2, 5, 4, 6])]), NodeCase(norm, [.fed(.f32, [nil, 3, 9])]),
      ])
  }
}
