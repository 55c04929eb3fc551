import ApusCore
import ApusOperators
import ApusTestSupport
import Testing

@Suite struct LinesTests {
  private func arg<T: Operator>(_ op: T, _ change: (inout T) -> Void) -> T {
    var op = op
    change(&op)
    return op
  }

  @Test func placesOfExtremes() throws {
    let odd = Tensor([3, .nan, -0.0, 0, .nan, -.infinity, 3, -1] as [Float], shape: [2, 4])
    let ties = Tensor([1, 2, 2, 1, 1, 2] as [Int64], shape: [2, 3])
    try check(
      [
        NodeCase(arg(ArgMax()) { $0.axis = 1 }, [.fed(.f32, [nil, 300])]),
        NodeCase(arg(ArgMin()) { $0.axis = 1 }, [.fed(.f32, [nil, 30, 130])]),
        NodeCase(
          arg(ArgMax()) {
            $0.axis = 0; $0.keepDims = false
          }, [.fed(.f64, [7, nil, 3])]),
        NodeCase(arg(ArgMin()) { $0.axis = -1 }, [.fed(.u8, [nil, 77])]),
        NodeCase(arg(ArgMax()) { $0.axis = 1 }, [.fed(.bf16, [nil, 9, 2])]),
        NodeCase(arg(ArgMax()) { $0.axis = 1 }, [.fed(.i32, [nil, 9])]),
        NodeCase(
          arg(ArgMax()) {
            $0.axis = 1; $0.selectLastIndex = true
          }, [.constant(ties)]),
        NodeCase(
          arg(ArgMin()) {
            $0.axis = 1; $0.selectLastIndex = true
          }, [.constant(ties)]),
        NodeCase(arg(ArgMin()) { $0.axis = 1 }, [.constant(ties)]),
        NodeCase(arg(ArgMax()) { $0.axis = 1 }, [.constant(odd)]),
        NodeCase(arg(ArgMin()) { $0.axis = 1 }, [.constant(odd)]),
        NodeCase(
          arg(ArgMin()) {
            $0.axis = 0; $0.selectLastIndex = true
          }, [.constant(odd)]),
        NodeCase(arg(ArgMin()) { $0.axis = 1 }, [.fed(.f32, [0, 5])]),
      ], runs: ["cpu.argextreme/rowMajor"])
  }

  @Test func runningTotals() throws {
    let axis = { (number: Int64) in NodeCase.Input.constant(Tensor(scalar: number)) }
    for (exclusive, reverse) in [(false, false), (true, false), (false, true), (true, true)] {
      let sum = arg(CumSum()) { ($0.exclusive, $0.reverse) = (exclusive, reverse) }
      let product = arg(CumProd()) { ($0.exclusive, $0.reverse) = (exclusive, reverse) }
      try check(
        [
          NodeCase(sum, [.fed(.f32, [nil, 300]), axis(1)]),
          NodeCase(sum, [.fed(.f64, [nil, 9, 130]), axis(-2)]),
          NodeCase(sum, [.fed(.i64, [5, nil]), .constant(Tensor(scalar: Int32(0)))]),
          NodeCase(product, [.fed(.f32, [nil, 9]), axis(1)]),
          NodeCase(product, [.fed(.i32, [nil, 3, 5]), axis(0)]),
          NodeCase(sum, [.fed(.f32, [nil, 0, 5]), axis(1)]),
        ], runs: ["cpu.cumulate/rowMajor"])
    }
  }

  @Test func triangles() throws {
    let shift = { (number: Int64) in NodeCase.Input.constant(Tensor(scalar: number)) }
    for upper in [true, false] {
      try check(
        [
          NodeCase(Trilu(upper: upper), [.fed(.f32, [nil, 5, 7])]),
          NodeCase(Trilu(upper: upper), [.fed(.u8, [nil, 7, 5]), shift(-2)]),
          NodeCase(Trilu(upper: upper), [.fed(.i64, [4, nil]), shift(1)]),
          NodeCase(Trilu(upper: upper), [.fed(.c128, [4, 3]), shift(.max)]),
          NodeCase(Trilu(upper: upper), [.fed(.bf16, [4, 3]), shift(.min)]),
          NodeCase(Trilu(upper: upper), [.fed(.f32, [2, 0, 3]), .fed(.i64, [])]),
        ], runs: ["cpu.trilu/rowMajor"])
    }
  }
}
