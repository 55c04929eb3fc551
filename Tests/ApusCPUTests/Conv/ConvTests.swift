import ApusCore
import ApusOperators
import ApusTestSupport
import Testing

@Suite struct ConvTests {
  private func conv(
    strides: [Int] = [], pads: [Int] = [], dilations: [Int] = [], group: Int = 1,
    _ activation: Activation = .none
  ) -> Conv {
    var conv = Conv()
    conv.strides = strides
    conv.pads = pads
    conv.dilations = dilations
    conv.group = group
    conv.activation = activation
    return conv
  }

  @Test func implicitGEMM() throws {
    try check(
      [
        NodeCase(
          conv(pads: [1, 1, 1, 1], .relu),
          [
            .fed(.f32, [nil, 19, 9, 11]), .random(.f32, [33, 19, 3, 3], scale: 0.1), .random(.f32, [33]),
            .fed(.f32, [nil, 33, 9, 11]),
          ]),
        NodeCase(
          conv(strides: [2, 2], pads: [0, 1, 1, 0], dilations: [2, 1], group: 2),
          [.fed(.f32, [nil, 16, 15, 13]), .random(.f32, [18, 8, 3, 3], scale: 0.1)]),
        NodeCase(
          conv(pads: [1, 1]), [.fed(.f32, [nil, 7, 17]), .random(.f32, [5, 7, 3], scale: 0.2)]),
        NodeCase(
          conv(), [.fed(.f32, [nil, 5, 4, 6, 7]), .random(.f32, [6, 5, 2, 3, 1], scale: 0.2)]),
        NodeCase(
          conv(Activation(.silu)),
          [.fed(.bf16, [nil, 24, 7, 5]), .random(.bf16, [40, 24, 1, 1], scale: 0.2), .random(.bf16, [40])]),
        NodeCase(
          conv(), [.fed(.f32, [nil, 24, 1, 1]), .random(.f32, [10, 24, 1, 1], scale: 0.2)]),
      ], runs: ["cpu.conv.implicit-gemm/channelsLast"])
    try check(
      [
        NodeCase(
          conv(strides: [2, 2], pads: [3, 3, 3, 3]),
          [.fed(.f32, [nil, 3, 23, 29]), .random(.f32, [16, 3, 7, 7], scale: 0.1), .random(.f32, [16])])
      ], runs: ["cpu.conv.implicit-gemm/channelsLast", "cpu.conv.implicit-gemm/rowMajor"])
  }

  @Test func winograd() throws {
    try check(
      [
        NodeCase(
          conv(pads: [1, 1, 1, 1], .relu),
          [
            .fed(.f32, [nil, 32, 9, 11]), .random(.f32, [80, 32, 3, 3], scale: 0.1), .random(.f32, [80]),
            .fed(.f32, [nil, 80, 9, 11]),
          ]),
        NodeCase(
          conv(pads: [0, 2, 1, 0], Activation(.silu)),
          [.fed(.f32, [nil, 16, 10, 7]), .random(.f32, [16, 16, 3, 3], scale: 0.1)]),
      ], runs: ["cpu.conv.winograd/channelsLast"])
  }

  @Test func depthwise() throws {
    try check(
      [
        NodeCase(
          conv(pads: [1, 1, 1, 1], group: 19, Activation(.silu)),
          [.fed(.f32, [nil, 19, 9, 11]), .random(.f32, [19, 1, 3, 3]), .random(.f32, [19])]),
        NodeCase(
          conv(strides: [2, 2], pads: [2, 1, 2, 2], dilations: [1, 2], group: 32),
          [
            .fed(.f32, [nil, 32, 15, 13]), .random(.f32, [32, 1, 5, 3]), .absent,
            .fed(.f32, [nil, 32, 8, 6]),
          ]),
        NodeCase(
          conv(pads: [1, 1], group: 7), [.fed(.f32, [nil, 7, 21]), .random(.f32, [7, 1, 3])]),
        NodeCase(
          conv(pads: [1, 1, 1, 1], group: 40),
          [.fed(.bf16, [nil, 40, 8, 9]), .random(.bf16, [40, 1, 3, 3]), .random(.bf16, [40])]),
      ], runs: ["cpu.conv.depthwise/channelsLast"])
  }

  @Test func transposed() throws {
    func op(strides: [Int], pads: [Int] = [], group: Int = 1, extra: [Int] = []) -> ConvTranspose {
      var op = ConvTranspose()
      op.strides = strides
      op.pads = pads
      op.group = group
      op.outputPadding = extra
      return op
    }
    try check(
      [
        NodeCase(
          op(strides: [2, 2], pads: [1, 1, 1, 1], extra: [1, 0]),
          [.fed(.f32, [nil, 13, 5, 6]), .random(.f32, [13, 17, 3, 3], scale: 0.2), .random(.f32, [17])]),
        NodeCase(
          op(strides: [2, 3], group: 2),
          [.fed(.f32, [nil, 8, 4, 5]), .random(.f32, [8, 6, 2, 4], scale: 0.2)]),
        NodeCase(op(strides: [3]), [.fed(.f32, [nil, 6, 9]), .random(.f32, [6, 5, 2], scale: 0.2)]),
        NodeCase(
          op(strides: [2, 2]), [.fed(.bf16, [nil, 16, 4, 5]), .random(.bf16, [16, 32, 2, 2], scale: 0.2)]),
      ], runs: ["cpu.conv-transpose.implicit-gemm/channelsLast"])
  }
}
