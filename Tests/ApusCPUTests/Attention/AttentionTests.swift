import ApusCore
import ApusOperators
import ApusTestSupport
import Testing

@Suite struct AttentionTests {
  @Test func heads() throws {
    var inside = Attention()
    (inside.queryHeads, inside.keyHeads) = (4, 2)
    var causal = Attention()
    (causal.causal, causal.scale) = (true, 0.25)
    try check(
      [
        NodeCase(
          Attention(),
          [.fed(.f32, [nil, 3, 17, 12]), .fed(.f32, [nil, 3, 9, 12]), .fed(.f32, [nil, 3, 9, 20])]),
        NodeCase(
          Attention(),
          [
            .fed(.f32, [nil, 2, 7, 8]), .fed(.f32, [nil, 2, 7, 8]), .fed(.f32, [nil, 2, 7, 8]),
            .fed(.f32, [nil, 1, 1, 7]),
          ]),
        NodeCase(
          inside, [.fed(.f32, [nil, 19, 32]), .fed(.f32, [nil, 35, 16]), .fed(.f32, [nil, 35, 24])]),
        NodeCase(
          causal, [.fed(.f32, [nil, 2, 21, 8]), .fed(.f32, [nil, 2, 21, 8]), .fed(.f32, [nil, 2, 21, 8])]),
        NodeCase(
          Attention(),
          [.fed(.bf16, [nil, 2, 9, 8]), .fed(.bf16, [nil, 2, 9, 8]), .fed(.bf16, [nil, 2, 9, 8])],
          tolerance: 3e-2),
      ], runs: ["cpu.attention/rowMajor"])
  }

  @Test func flagsHideKeys() throws {
    let flags = Tensor((0..<35).map { $0 % 3 != 1 }, shape: [5, 7])
    try check(
      [
        NodeCase(
          Attention(),
          [
            .fed(.f32, [nil, 2, 5, 8]), .fed(.f32, [nil, 2, 7, 8]), .fed(.f32, [nil, 2, 7, 8]),
            .constant(flags),
          ])
      ], runs: ["cpu.attention/rowMajor"])
  }

  @Test func recognized() throws {
    try check(
      [
        NodeCase(
          ScaledDotProductAttention(scale: 0.3),
          [.fed(.f32, [nil, 3, 17, 12]), .fed(.f32, [nil, 3, 9, 12]), .fed(.f32, [nil, 3, 9, 20])]),
        NodeCase(
          ScaledDotProductAttention(scale: 0.2, heads: 4),
          [
            .fed(.f32, [nil, 19, 32]), .fed(.f32, [nil, 35, 32]), .fed(.f32, [nil, 35, 48]),
            .fed(.f32, [nil, 1, 19, 35]),
          ]),
      ], runs: ["cpu.attention/rowMajor"])
  }
}
