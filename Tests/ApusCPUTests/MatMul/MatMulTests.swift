import ApusCore
import ApusOperators
import ApusTestSupport
import Testing

@Suite struct MatMulTests {
  @Test func linear() throws {
    try check(
      [
        NodeCase(
          Linear(activation: Activation(.gelu)),
          [
            .fed(.f32, [nil, 7, 33]), .random(.f32, [33, 35], scale: 0.2), .random(.f32, [35]),
            .fed(.f32, [nil, 7, 35]),
          ]),
        NodeCase(Linear(), [.fed(.f32, [nil, 64]), .random(.f32, [64, 16], scale: 0.2)]),
        NodeCase(Linear(), [.fed(.f32, [64]), .random(.f32, [64, 5], scale: 0.2)]),
        NodeCase(
          Linear(activation: .relu),
          [.fed(.bf16, [nil, 5, 37]), .random(.bf16, [37, 48], scale: 0.2), .random(.bf16, [48])]),
      ], runs: ["cpu.linear.packed/rowMajor"])
  }

  @Test func gemm() throws {
    func op(_ transA: Bool, _ transB: Bool, alpha: Double = 1, beta: Double = 1) -> Gemm {
      var op = Gemm()
      (op.transA, op.transB, op.alpha, op.beta) = (transA, transB, alpha, beta)
      return op
    }
    try check(
      [
        NodeCase(
          op(false, true, alpha: 0.5, beta: 2),
          [.fed(.f32, [nil, 33]), .random(.f32, [19, 33], scale: 0.2), .random(.f32, [19])]),
        NodeCase(
          op(true, false), [.fed(.f32, [33, nil]), .random(.f32, [33, 19], scale: 0.2), .random(.f32, [])]),
        NodeCase(
          op(false, false, alpha: 0.25),
          [.fed(.f32, [nil, 21]), .fed(.f32, [21, 18]), .fed(.f32, [nil, 18])]),
        NodeCase(op(true, true), [.fed(.f32, [21, nil]), .fed(.f32, [18, 21]), .random(.f32, [1, 18])]),
      ], runs: ["cpu.gemm/rowMajor"])
  }

  @Test func batched() throws {
    try check(
      [
        NodeCase(MatMul(), [.fed(.f32, [nil, 4, 9, 17]), .fed(.f32, [nil, 4, 17, 11])]),
        NodeCase(MatMul(), [.fed(.f32, [nil, 2, 3, 5, 7]), .fed(.f32, [2, 1, 7, 6])]),
        NodeCase(MatMul(), [.fed(.f32, [3, 5, 7]), .fed(.f32, [nil, 1, 7, 6])]),
        NodeCase(MatMul(), [.fed(.f32, [nil, 5, 7]), .random(.f32, [7, 6])]),
        NodeCase(MatMul(), [.fed(.f32, [nil, 5, 7]), .random(.f32, [3, 1, 7, 6])]),
        NodeCase(MatMul(), [.fed(.f32, [7]), .fed(.f32, [nil, 7, 6])]),
        NodeCase(MatMul(), [.fed(.f32, [nil, 5, 7]), .fed(.f32, [7])]),
        NodeCase(MatMul(), [.fed(.bf16, [nil, 5, 7]), .fed(.bf16, [nil, 7, 9])]),
      ], runs: ["cpu.matmul/rowMajor"])
  }
}
