import ApusCore
import ApusOperators
import ApusTestSupport
import Testing

@Suite struct RecurrentTests {
  /// Inputs of a layer: x `[length, batch, size]`, weights, optional bias, lengths and initial states.
  private func inputs(
    gates: Int, directions: Int = 1, batchFirst: Bool = false, bias: Bool = true, lengths: Tensor? = nil,
    initial: Int = 0
  ) -> [NodeCase.Input] {
    let (length, size, hidden) = (5, 7, 19)
    let state: [Int?] = batchFirst ? [nil, directions, hidden] : [directions, nil, hidden]
    return [
      .fed(.f32, batchFirst ? [nil, length, size] : [length, nil, size]),
      .random(.f32, [directions, gates * hidden, size], scale: 0.4),
      .random(.f32, [directions, gates * hidden, hidden], scale: 0.3, seed: 8),
      bias ? .random(.f32, [directions, 2 * gates * hidden], scale: 0.5) : .absent,
      lengths.map { .constant($0) } ?? .absent,
    ] + [NodeCase.Input](repeating: .fed(.f32, state), count: initial)
  }

  private func layer<T: RecurrentLayer>(_ op: T, _ change: (inout T) -> Void = { _ in }) -> T {
    var op = op
    op.hiddenSize = 19
    change(&op)
    return op
  }

  @Test(arguments: [RecurrentDirection.forward, .reverse, .bidirectional])
  func longShortTermMemory(_ direction: RecurrentDirection) throws {
    let ways = direction == .bidirectional ? 2 : 1
    let op = layer(LSTM()) { $0.direction = direction }
    let turned = layer(LSTM()) { ($0.direction, $0.batchFirst) = (direction, true) }
    try check(
      [
        NodeCase(op, inputs(gates: 4, directions: ways), outputs: 3),
        NodeCase(op, inputs(gates: 4, directions: ways, bias: false, initial: 2), outputs: 3),
        NodeCase(
          op, inputs(gates: 4, directions: ways, lengths: Tensor([5, 0, 3] as [Int32])), outputs: 3,
          batches: [3]),
        NodeCase(turned, inputs(gates: 4, directions: ways, batchFirst: true, initial: 2), outputs: 3),
      ], runs: ["cpu.recurrent/rowMajor"])
  }

  @Test(arguments: [RecurrentDirection.forward, .reverse, .bidirectional], [false, true])
  func gatedUnits(_ direction: RecurrentDirection, _ linear: Bool) throws {
    let ways = direction == .bidirectional ? 2 : 1
    let op = layer(GRU()) { ($0.direction, $0.linearBeforeReset) = (direction, linear) }
    let turned = layer(GRU()) {
      ($0.direction, $0.linearBeforeReset, $0.batchFirst) = (direction, linear, true)
    }
    try check(
      [
        NodeCase(op, inputs(gates: 3, directions: ways), outputs: 2),
        NodeCase(op, inputs(gates: 3, directions: ways, bias: false, initial: 1), outputs: 2),
        NodeCase(
          op, inputs(gates: 3, directions: ways, lengths: Tensor([4, 5, 0] as [Int32])), outputs: 2,
          batches: [3]),
        NodeCase(turned, inputs(gates: 3, directions: ways, batchFirst: true, initial: 1), outputs: 2),
      ], runs: ["cpu.recurrent/rowMajor"])
  }
}
