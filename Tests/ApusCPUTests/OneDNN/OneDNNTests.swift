import ApusCore
import ApusEngine
import ApusOperators
import ApusTestSupport
import Testing

@testable import ApusCPU

@Suite(.enabled(if: OneDNNLibrary.shared != nil)) struct OneDNNTests {
  @Test func convolution() throws {
    var padded = Conv()
    (padded.pads, padded.strides, padded.activation) = ([1, 0, 2, 1], [2, 1], Activation(.hardSwish))
    var depthwise = Conv()
    (depthwise.pads, depthwise.group, depthwise.activation) = ([1, 1, 1, 1], 24, Activation(.silu))
    var grouped = Conv()
    (grouped.group, grouped.dilations) = (2, [2, 2])
    try check(
      [
        NodeCase(
          padded,
          [.fed(.f32, [nil, 19, 10, 9]), .random(.f32, [33, 19, 3, 3], scale: 0.1), .random(.f32, [33])]),
        NodeCase(
          Conv(),
          [
            .fed(.f32, [nil, 32, 6, 5]), .random(.f32, [48, 32, 1, 1], scale: 0.2), .random(.f32, [48]),
            .fed(.f32, [nil, 48, 6, 5]),
          ]),
        NodeCase(
          depthwise, [.fed(.f32, [nil, 24, 9, 7]), .random(.f32, [24, 1, 3, 3]), .random(.f32, [24])]),
        NodeCase(grouped, [.fed(.f32, [nil, 8, 9, 11]), .random(.f32, [12, 4, 3, 3], scale: 0.2)]),
        NodeCase(Conv(), [.fed(.f32, [nil, 5, 19]), .random(.f32, [6, 5, 4], scale: 0.2)]),
      ], runs: ["cpu.onednn.conv/channelsLast"])
  }

  @Test(.enabled(if: CPURuntime.hasFastBF16)) func bfloat16() throws {
    try check(
      [
        NodeCase(
          Conv(),
          [.fed(.bf16, [nil, 32, 6, 5]), .random(.bf16, [48, 32, 1, 1], scale: 0.2), .random(.bf16, [48])])
      ], runs: ["cpu.onednn.conv/channelsLast"])
    try check(
      [NodeCase(Linear(), [.fed(.bf16, [nil, 37]), .random(.bf16, [37, 48], scale: 0.2)])],
      runs: ["cpu.onednn.matmul/rowMajor"])
  }

  @Test func products() throws {
    var gemm = Gemm()
    (gemm.transB, gemm.alpha, gemm.beta) = (true, 0.5, 2)
    var transposed = Gemm()
    transposed.transA = true
    try check(
      [
        NodeCase(
          Linear(activation: Activation(.gelu)),
          [
            .fed(.f32, [nil, 7, 33]), .random(.f32, [33, 35], scale: 0.2), .random(.f32, [35]),
            .fed(.f32, [nil, 7, 35]),
          ]),
        NodeCase(gemm, [.fed(.f32, [nil, 33]), .random(.f32, [19, 33], scale: 0.2), .random(.f32, [19])]),
        NodeCase(transposed, [.fed(.f32, [33, nil]), .random(.f32, [33, 19], scale: 0.2)]),
        NodeCase(MatMul(), [.fed(.f32, [nil, 5, 64]), .random(.f32, [64, 80])]),
      ], runs: ["cpu.onednn.matmul/rowMajor"])
  }

  /// What a machine without the library does with an engine that has oneDNN's weights.
  @Test func packedWeightsCanBeReadBack() throws {
    for (weights, group, input) in [
      ([48, 40, 3, 3], 1, [1, 40, 9, 9]), ([33, 19, 1, 1], 1, [1, 19, 7, 7]),
      ([32, 1, 3, 3], 32, [1, 32, 9, 9]),
    ] {
      var conv = Conv()
      conv.group = group
      var generator = Xoshiro256(seed: 3)
      let plain = Tensor.random(.f32, weights, using: &generator)
      let own = ConvKernel.Parameters(conv: conv, weightShape: weights, type: .f32, hasBias: false)
      let (parameters, packed) = try own.oneDNN(plain, input: input, threads: 2)
      #expect(parameters.weights.isSound(.f32, dims: own.oneDNNWeightDims))
      let back = parameters.weights.unpacked(packed.storage.base + packed.byteOffset, .f32)
      #expect(back.elements() == plain.elements(as: Float.self))
    }
  }
}
