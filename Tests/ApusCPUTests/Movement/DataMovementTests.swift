import ApusCore
import ApusOperators
import ApusTestSupport
import Testing

@Suite struct DataMovementTests {
  private func integers(_ values: Int64...) -> NodeCase.Input { .constant(Tensor(values)) }
  private let both: Set = ["cpu.movement/rowMajor", "cpu.movement/channelsLast"]

  @Test func transposed() throws {
    try check(
      [
        NodeCase(Transpose([0, 2, 3, 1]), [.fed(.f32, [nil, 5, 7, 3])]),
        NodeCase(Transpose([1, 0, 2]), [.fed(.i64, [nil, 5, 7])]),
        NodeCase(Transpose([0, 2, 1, 3]), [.fed(.bf16, [nil, 4, 6, 9])]),
        NodeCase(Transpose(nil), [.fed(.bool, [nil, 4, 6, 2, 3])]),
        NodeCase(Transpose([2, 1, 0]), [.fed(.c128, [nil, 4, 3])]),
      ], runs: both)
  }

  @Test func sliced() throws {
    try check(
      [
        NodeCase(
          Slice(),
          [.fed(.f32, [nil, 9, 7, 8]), integers(1, -1), integers(8, -100), integers(1, 3), integers(2, -3)]),
        NodeCase(Slice(), [.fed(.u8, [nil, 9, 7]), integers(-4), integers(.max), integers(2)]),
        NodeCase(
          Slice(),
          [.fed(.f32, [nil, 6, 4]), integers(5, 2), integers(-100, -100), integers(1, 2), integers(-2, -1)]),
      ], runs: both)
  }

  @Test func joinedAndCut() throws {
    try check(
      [
        NodeCase(
          Concat(axis: 1),
          [.fed(.f32, [nil, 3, 5, 4]), .fed(.f32, [nil, 6, 5, 4]), .fed(.f32, [nil, 1, 5, 4])]),
        NodeCase(Concat(axis: -1), [.fed(.i32, [nil, 3, 5]), .fed(.i32, [nil, 3, 2])]),
        NodeCase(Concat(axis: 0), [.fed(.f32, [nil, 3, 5]), .fed(.f32, [nil, 3, 5])]),
        NodeCase(Split(axis: 1), [.fed(.f32, [nil, 7, 4, 3]), integers(2, 4, 1)], outputs: 3),
        NodeCase(Split(axis: 2), [.fed(.f32, [nil, 3, 10])], outputs: 4),
      ], runs: both)
  }

  @Test func repeated() throws {
    try check(
      [
        NodeCase(Tile(), [.fed(.f32, [nil, 3, 4]), integers(2, 1, 3)]),
        NodeCase(Expand(), [.fed(.f32, [nil, 1, 4]), integers(1, 6, 1)]),
      ], runs: both)
    try check(
      [NodeCase(Expand(), [.fed(.f32, [3, 1]), integers(2, 1, 5)])], runs: ["cpu.movement/rowMajor"])
  }

  @Test func padded() throws {
    let pads = integers(0, 1, 2, -1, 0, 3, 0, 2)
    try check(
      [
        NodeCase(Pad(), [.fed(.f32, [nil, 3, 5, 4]), pads, .constant(Tensor(scalar: Float(1.5)))]),
        NodeCase(Pad(), [.fed(.i64, [nil, 3, 5, 4]), pads]),
        NodeCase(Pad(mode: .reflect), [.fed(.f32, [nil, 5, 6]), integers(0, 4, 2, 0, 1, 5)]),
        NodeCase(Pad(mode: .edge), [.fed(.f32, [nil, 5, 6]), integers(0, 4, 2, 0, 1, 9)]),
        NodeCase(Pad(mode: .wrap), [.fed(.f32, [nil, 5, 6]), integers(0, 4, 2, 0, 1, 9)]),
      ], runs: both)
  }

  @Test func blocks() throws {
    try check(
      [
        NodeCase(DepthToSpace(blockSize: 2), [.fed(.f32, [nil, 12, 3, 5])]),
        NodeCase(DepthToSpace(blockSize: 3, columnRowDepth: true), [.fed(.f32, [nil, 18, 2, 4])]),
        NodeCase(SpaceToDepth(blockSize: 2), [.fed(.f32, [nil, 3, 6, 8])]),
      ], runs: both)
  }

  @Test func gathered() throws {
    let indices = NodeCase.Input.constant(Tensor([3, -1, 0, 3, -6, 2] as [Int64], shape: [2, 3]))
    try check(
      [
        NodeCase(Gather(axis: 1), [.fed(.f32, [nil, 6, 5]), indices]),
        NodeCase(Gather(axis: 0), [.random(.f32, [6, 7]), .fed(.i64, [nil, 3])]),
        NodeCase(Gather(axis: -1), [.fed(.u8, [nil, 6]), .constant(Tensor(scalar: Int32(-2)))]),
      ], runs: ["cpu.gather/rowMajor"])
  }
}
