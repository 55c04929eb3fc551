import ApusCore
import ApusOperators
import ApusTestSupport
import Testing

@Suite struct SqueezeExcitationTests {
  private let layer = SqueezeExcitation(
    inner: Activation(.silu), outer: Activation(.hardSigmoid, alpha: 0.2, beta: 0.5))

  @Test func gateOfATensor() throws {
    try check(
      [
        NodeCase(
          layer,
          [
            .fed(.f32, [nil, 19, 9, 11]), .random(.f32, [5, 19, 1, 1]), .random(.f32, [5]),
            .random(.f32, [19, 5, 1, 1]), .random(.f32, [19]),
          ]),
        NodeCase(
          layer,
          [.fed(.f32, [nil, 33, 7]), .random(.f32, [17, 33, 1]), .absent, .random(.f32, [33, 17, 1])]),
        NodeCase(
          layer,
          [
            .fed(.bf16, [nil, 40, 5, 3]), .random(.bf16, [10, 40, 1, 1]), .absent,
            .random(.bf16, [40, 10, 1, 1]), .random(.bf16, [40]),
          ], tolerance: 1e-2),
      ], runs: ["cpu.squeeze-excitation/channelsLast"])
  }

  @Test func depthwiseConvWithGate() throws {
    var conv = Conv()
    (conv.group, conv.pads, conv.strides, conv.activation) = (35, [2, 1, 1, 2], [2, 1], Activation(.silu))
    let op = ConvSqueezeExcitation(conv: conv, layer: layer)
    try check(
      [.f32, .bf16].map { type in
        NodeCase(
          op,
          [
            .fed(type, [nil, 35, 13, 9]), .random(type, [35, 1, 5, 3]), .random(type, [35]), .absent,
            .random(type, [9, 35, 1, 1]), .random(type, [9]), .random(type, [35, 9, 1, 1]), .absent,
          ], outputs: 2, tolerance: type == .bf16 ? 2e-2 : nil)
      }, runs: ["cpu.conv.depthwise-squeeze-excitation/channelsLast"])
  }

  @Test func gatedConv() throws {
    var padded = Conv()
    (padded.pads, padded.activation) = ([1, 1, 1, 1], .relu)
    try check(
      [
        NodeCase(
          GatedConv(conv: Conv()),
          [
            .fed(.f32, [nil, 19, 9, 11]), .random(.f32, [33, 19, 1, 1], scale: 0.2), .random(.f32, [33]),
            .fed(.f32, [nil, 33, 9, 11]), .fed(.f32, [nil, 19, 1, 1]),
          ]),
        NodeCase(
          GatedConv(conv: padded),
          [
            .fed(.f32, [nil, 7, 3, 5]), .random(.f32, [50, 7, 3, 3], scale: 0.2), .absent, .absent,
            .fed(.f32, [nil, 7, 1, 1]),
          ]),
        NodeCase(
          GatedConv(conv: Conv()),
          [
            .fed(.bf16, [nil, 24, 7, 5]), .random(.bf16, [10, 24, 1, 1], scale: 0.2), .absent, .absent,
            .fed(.f32, [nil, 24, 1, 1]),
          ], tolerance: 3e-2),
      ], runs: ["cpu.conv.gated-implicit-gemm/channelsLast"])
  }
}
