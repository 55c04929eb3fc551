import ApusCore
import ApusOperators
import ApusTestSupport
import Testing

@Suite struct NormalizationTests {
  @Test func softmax() throws {
    try check(
      [
        NodeCase(Softmax(axis: -1), [.fed(.f32, [nil, 5, 37])]),
        NodeCase(Softmax(axis: 0), [.fed(.f32, [nil, 9])]), NodeCase(LogSoftmax(), [.fed(.f32, [nil, 19])]),
        NodeCase(Softmax(axis: 2), [.fed(.bf16, [nil, 3, 17])]),
      ], runs: ["cpu.softmax/rowMajor"])
    try check(
      [NodeCase(Softmax(axis: 1), [.fed(.f32, [nil, 21, 5, 3])])],
      runs: ["cpu.softmax/rowMajor", "cpu.softmax/channelsLast"])
    var flattened = Softmax(axis: 1)
    flattened.flattened = true
    try check([NodeCase(flattened, [.fed(.f32, [nil, 21, 5])])], runs: ["cpu.softmax/rowMajor"])
  }

  @Test func rows() throws {
    try check(
      [
        NodeCase(
          LayerNormalization(axis: -1, epsilon: 1e-6),
          [.fed(.f32, [nil, 5, 37]), .random(.f32, [37]), .random(.f32, [37])]),
        NodeCase(
          LayerNormalization(axis: 1, epsilon: 1e-5),
          [.fed(.f32, [nil, 5, 6]), .random(.f32, [5, 6]), .random(.f32, [6])], outputs: 3),
        NodeCase(
          LayerNormalization(axis: -1, epsilon: 1e-5),
          [.fed(.bf16, [nil, 40]), .random(.bf16, [40]), .random(.bf16, [40])], tolerance: 2e-2),
        NodeCase(
          RMSNormalization(axis: -1, epsilon: 1e-5), [.fed(.f32, [nil, 3, 33]), .random(.f32, [33])],
          outputs: 2),
      ], runs: ["cpu.layer-norm/rowMajor"])
  }

  @Test func groups() throws {
    var group = GroupNormalization()
    group.groups = 3
    var perGroup = group
    perGroup.scalePerGroup = true
    try check(
      [
        NodeCase(group, [.fed(.f32, [nil, 21, 5, 4]), .random(.f32, [21]), .random(.f32, [21])]),
        NodeCase(perGroup, [.fed(.f32, [nil, 12, 9]), .random(.f32, [3]), .random(.f32, [3])]),
        NodeCase(
          InstanceNormalization(), [.fed(.f32, [nil, 7, 5, 4]), .random(.f32, [7]), .random(.f32, [7])]),
      ], runs: ["cpu.group-norm.nhwc/channelsLast"])
  }

  @Test func channels() throws {
    let positive = NodeCase.Input.constant(Tensor((0..<9).map { Float($0) / 4 + 0.5 }, shape: [9]))
    try check(
      [
        NodeCase(
          BatchNormalization(),
          [.fed(.f32, [nil, 9, 5, 4]), .random(.f32, [9]), .random(.f32, [9]), .random(.f32, [9]), positive]),
        NodeCase(
          BatchNormalization(),
          [.fed(.f32, [nil, 9, 6]), .random(.f32, [9]), .random(.f32, [9]), .random(.f32, [9]), positive]),
      ], runs: ["cpu.batch-norm/channelsLast"])
  }
}
