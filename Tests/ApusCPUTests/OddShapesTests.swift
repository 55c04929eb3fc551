import ApusCore
import ApusCPUTactics
import ApusOperators
import ApusTactics
import ApusTestSupport
import Testing

/// No elements, no axes, seven axes, an empty batch: every tactic that takes such a node computes what the reference
/// does, under a session.
@Suite struct OddShapesTests {
  private static let shapes: [[Int?]] = [
    [], [nil], [nil, 3, 4, 5], [2, 0, 4, 5], [nil, 3, 4, 0], [2, 1, 3, 2, 1, 2, 3], [nil, 1, 0, 2, 1, 2, 3],
  ]

  private func check(
    _ op: any Operator, _ inputs: [NodeCase.Input], outputs: Int = 1, batches: [Int] = [0, 1, 3],
    hasTactic: Bool = true
  )
    throws
  {
    let node = NodeCase(op, inputs, outputs: outputs, batches: batches)
    let report = try node.compare(.cpu())
    #expect(report.failures.isEmpty, "\(op) of \(inputs): \(report.failures)")
    #expect(!hasTactic || !report.tactics.isEmpty, "nothing ran \(op) of \(inputs)")
  }

  private func list(_ elements: [Int64]) -> NodeCase.Input { .constant(Tensor(elements)) }

  private func weight(_ shape: [Int]) -> NodeCase.Input {
    var random = Xoshiro256(seed: 3)
    return .constant(Tensor.random(.f32, shape, using: &random))
  }

  @Test(arguments: shapes) func elementwise(_ shape: [Int?]) throws {
    for op: any Operator in [Relu(), Sigmoid(), Erf(), Floor(), Gelu(), Cast(to: .i32)] {
      try check(op, [.fed(.f32, shape)])
    }
    for op: any Operator in [Add(), Mul(), Max(), Less()] {
      try check(op, [.fed(.f32, shape), .fed(.f32, shape)])
      try check(op, [.fed(.f32, shape), weight([])])
      try check(op, [.fed(.f32, shape), .fed(.f32, shape.map { _ in 1 })])
    }
    try check(Where(), [.fed(.bool, shape), .fed(.f32, shape), weight([])])
  }

  @Test(arguments: shapes.dropFirst()) func movement(_ shape: [Int?]) throws {
    let rank = shape.count
    try check(Transpose(Array((0..<rank).reversed())), [.fed(.f32, shape)])
    try check(Transpose([rank - 1] + Array(0..<rank - 1)), [.fed(.f32, shape)])
    for axis in [0, rank - 1] {
      try check(Concat(axis: axis), [.fed(.f32, shape), .fed(.f32, shape)])
    }
    for repeats: Int64 in [0, 2] {
      let counts = list([Int64](repeating: repeats, count: rank))
      try check(Tile(), [.fed(.f32, shape), counts], hasTactic: rank < 7)
    }
    try check(Pad(), [.fed(.f32, shape), list([Int64](repeating: 1, count: 2 * rank))])
    try check(Slice(), [.fed(.f32, shape), list([-1]), list([-9]), list([Int64(rank - 1)]), list([-2])])
    try check(Slice(), [.fed(.f32, shape), list([0]), list([0]), list([Int64(rank - 1)])])
    try check(Gather(), [.fed(.f32, [4] + shape.dropFirst()), .constant(Tensor(.i64, [2, 0]))])
    try check(Gather(), [.fed(.f32, [4] + shape.dropFirst()), list([3, -4])])
  }

  @Test(arguments: shapes.dropFirst()) func reductions(_ shape: [Int?]) throws {
    let last = shape.count - 1
    for axis in Set([0, last]) {
      try check(ReduceSum(), [.fed(.f32, shape), list([Int64(axis)])])
      try check(CumSum(), [.fed(.f32, shape), .constant(Tensor(scalar: Int64(axis)))])
    }
    try check(ReduceSum(), [.fed(.f32, shape), list((0...last).map { Int64($0) })])
    try check(Softmax(), [.fed(.f32, shape)])
    if let width = shape[last], width > 0 {
      try check(ReduceMax(), [.fed(.f32, shape), list([Int64(last)])])
      try check(LayerNormalization(), [.fed(.f32, shape), weight([width]), weight([width])])
      try check(TopK(), [.fed(.f32, shape), list([1])], outputs: 2)
    }
  }

  @Test func products() throws {
    let pairs: [([Int?], [Int])] = [
      ([nil, 4], [4, 3]), ([nil, 0], [0, 3]), ([nil, 4], [4, 0]), ([nil, 2, 4], [4, 3]), ([4], [4, 0]),
      ([nil, 1, 2, 1, 1, 3, 4], [1, 3, 1, 2, 1, 4, 5]), ([nil, 1], [1, 1]), ([0], [0]),
    ]
    for (left, right) in pairs {
      try check(MatMul(), [.fed(.f32, left), .fed(.f32, right)])
      try check(MatMul(), [.fed(.f32, left), weight(right)])
    }
  }

  @Test func emptyBatchesOfPictures() throws {
    var padded = Conv()
    padded.pads = [1, 1, 1, 1]
    try check(padded, [.fed(.f32, [nil, 3, 8, 8]), weight([4, 3, 3, 3]), weight([4])])
    padded.group = 3
    try check(padded, [.fed(.f32, [nil, 3, 8, 8]), weight([3, 1, 3, 3])])
    try check(ConvTranspose(), [.fed(.f32, [nil, 3, 5, 5]), weight([3, 2, 3, 3])])
    try check(Conv(), [.fed(.f32, [nil, 2, 9]), weight([3, 2, 3])])
    var (most, mean) = (MaxPool(), AveragePool())
    most.kernelShape = [2, 2]
    mean.kernelShape = [3, 3]
    for op: any Operator in [most, mean, GlobalAveragePool()] { try check(op, [.fed(.f32, [nil, 3, 8, 8])]) }
    try check(
      Resize(), [.fed(.f32, [nil, 3, 4, 4]), .absent, .constant(Tensor([1, 1, 2, 2] as [Float]))])
  }

  /// Places beyond 2^24, which a 32-bit float could not count.
  @Test func manyElements() throws {
    let count = 1 << 24 + 5
    let places: [Int64] = [0, Int64(count - 1), Int64(count - 2), 1 << 24 + 1]
    let long = NodeCase.Input.constant(
      Tensor(.u8, [count, 1]) { bytes in
        for (mark, place) in places.enumerated() { bytes[Int(place)] = UInt8(mark + 1) }
      })
    try check(Gather(), [long, list(places)], batches: [1])
    try check(Slice(), [long, list([Int64(count - 3)]), list([Int64(count)]), list([0])], batches: [1])
  }
}
