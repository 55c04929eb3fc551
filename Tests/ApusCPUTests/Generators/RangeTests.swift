import ApusCore
import ApusOperators
import ApusTestSupport
import Testing

@Suite struct RangeTests {
  @Test func stepsMatchTheReference() throws {
    // Known starts, limits and steps are shape arithmetic; these sizes only running tells.
    func range<T: TensorElement>(_ start: T?, _ limit: T?, _ delta: T, _ dtype: DType) -> NodeCase {
      let ends: [NodeCase.Input] = [start, limit].map {
        $0.map { .constant(Tensor(scalar: $0)) } ?? .fed(dtype, [])
      }
      return NodeCase(RangeOf(), ends + [NodeCase.Input.constant(Tensor(scalar: delta))])
    }
    try check(
      [
        range(nil, Int64(9), 2, .i64), range(Int64(40), nil, -7, .i64), range(Int32(-5), nil, 3, .i32),
        range(Float(-3), nil, 0.01, .f32), range(nil, Double(-7), -0.25, .f64),
        range(nil, Int64(-3), 4, .i64),
      ], runs: ["cpu.range/rowMajor"])
  }
}
