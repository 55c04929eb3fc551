import ApusCore
import ApusOperators
import ApusTestSupport
import Testing

@Suite(.enabled(if: EmulatedImages.isAvailable, "no C++ compiler"))
struct GeneralAttentionTests {
  @Test func attention() throws {
    var grouped = Attention()
    (grouped.queryHeads, grouped.keyHeads, grouped.causal, grouped.softcap) = (4, 2, true, 3)
    var shown = Attention()
    shown.scoresStage = .masked
    let used = NodeCase.Input.constant(Tensor([Int64(5), 2, 4], shape: [3]))
    try checkEmulated(
      "cuda.attention-rows",
      [
        NodeCase(grouped, [.fed(.f32, [nil, 5, 24]), .fed(.f32, [nil, 7, 12]), .fed(.f32, [nil, 7, 10])]),
        NodeCase(
          shown,
          [
            .fed(.f16, [nil, 2, 3, 8]), .fed(.f16, [nil, 2, 4, 8]), .fed(.f16, [nil, 2, 4, 6]),
            .fed(.f16, [3, 5]), .fed(.f16, [nil, 2, 1, 8]), .fed(.f16, [nil, 2, 1, 6]),
          ], outputs: 4, tolerance: 3e-3),
        NodeCase(
          Attention(),
          [
            .fed(.f64, [nil, 2, 3, 8]), .fed(.f64, [nil, 2, 5, 8]), .fed(.f64, [nil, 2, 5, 6]), .absent,
            .absent,
            .absent, used,
          ]),
      ], batches: [3])
  }

  @Test func rotation() throws {
    var neighbours = RotaryEmbedding()
    (neighbours.interleaved, neighbours.rotatedSize, neighbours.heads) = (true, 4, 2)
    let ids = NodeCase.Input.constant(Tensor((0..<15).map { Int64($0 * 7 % 11) }, shape: [3, 5]))
    try checkEmulated(
      "cuda.rotary",
      [
        NodeCase(neighbours, [.fed(.f32, [nil, 5, 12]), .fed(.f32, [11, 2]), .fed(.f32, [11, 2]), ids]),
        NodeCase(
          RotaryEmbedding(), [.fed(.f32, [nil, 2, 5, 8]), .fed(.f32, [3, 5, 4]), .fed(.f32, [3, 5, 4])]),
      ], batches: [3])
  }

  @Test(arguments: [LinearAttention.UpdateRule.linear, .gated, .delta, .gatedDelta])
  func recurrences(_ rule: LinearAttention.UpdateRule) throws {
    var op = LinearAttention()
    (op.queryHeads, op.keyHeads, op.updateRule) = (4, 2, rule)
    try checkEmulated(
      "cuda.linear-attention",
      [
        NodeCase(
          op,
          [
            .fed(.f32, [nil, 5, 12]), .fed(.f32, [nil, 5, 6]), .fed(.f32, [nil, 5, 8]),
            .fed(.f32, [nil, 2, 3, 4]), .fed(.f32, [nil, 5, 6]), .fed(.f32, [nil, 5, 2]),
          ], outputs: 2, tolerance: 1e-4)
      ], batches: [3])
  }

  @Test func convolutionsOverThePast() throws {
    var gated = CausalConvWithState()
    gated.activation = Activation(.silu)
    try checkEmulated(
      "cuda.causal-conv",
      [
        NodeCase(
          gated,
          [.fed(.f32, [nil, 4, 9]), .fed(.f32, [4, 1, 3]), .fed(.f32, [4]), .fed(.f32, [nil, 4, 2])],
          outputs: 2),
        NodeCase(CausalConvWithState(), [.fed(.f64, [nil, 4, 2]), .fed(.f64, [4, 1, 5])], outputs: 2),
      ], batches: [3])
  }
}
