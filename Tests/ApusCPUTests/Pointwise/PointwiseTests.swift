import ApusCore
import ApusOperators
import ApusTestSupport
import Testing

@Suite struct PointwiseTests {
  /// The nodes of a body whose inputs are called `a`, `b` and so on and whose output is `y`.
  private func pointwise(_ inputs: [(name: String, type: String)], _ nodes: String) throws -> Pointwise {
    let list = inputs.map { "%\($0.name): \($0.type)" }.joined(separator: ", ")
    return Pointwise(body: try parsed("graph \"body\"(\(list)) -> (%y) {\n\(nodes)\n}"))
  }

  @Test func aBodyRunsInAnyLayout() throws {
    let body = try pointwise(
      [("a", "f32[n,7,5,3]"), ("b", "f32[1,7,1,1]"), ("c", "f32[n,7,5,3]")],
      """
      %h: f32[] = constant {0.5}
      %s: f32[n,7,5,3] = Add(%a, %b)
      %t: f32[n,7,5,3] = Sigmoid(%s)
      %u: f32[n,7,5,3] = Mul(%t, %s)
      %v: f32[n,7,5,3] = Sub(%u, %h)
      %y: f32[n,7,5,3] = Max(%v, %c)
      """)
    try check(
      [
        NodeCase(
          body, [.fed(.f32, [nil, 7, 5, 3]), .random(.f32, [1, 7, 1, 1]), .fed(.f32, [nil, 7, 5, 3])])
      ], runs: ["cpu.pointwise.tiles/rowMajor", "cpu.pointwise.tiles/channelsLast"])
  }

  @Test func aBodyKeepsTheTypesBetweenItsNodes() throws {
    let body = try pointwise(
      [("a", "bf16[n,333]"), ("b", "f32[333]")],
      """
      %k: bf16[] = constant {3}
      %s: bf16[n,333] = Mul(%a, %k)
      %t: f32[n,333] = Cast(%s) {to: "f32"}
      %g: bool[n,333] = Greater(%t, %b)
      %y: f32[n,333] = Where(%g, %t, %b)
      """)
    try check(
      [NodeCase(body, [.fed(.bf16, [nil, 333]), .fed(.f32, [333])])], runs: ["cpu.pointwise.tiles/rowMajor"])
  }
}
