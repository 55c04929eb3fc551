import CApusKernels
import Testing

extension KernelTests {
  @Test(arguments: 0..<10) func reductionsMatchPlainLoops(op: Int32) {
    forEachLevel(cases: 4, seed: 12 + UInt64(op)) { random, pool in
      var r = apus_reduce()
      r.op = apus_reduction(rawValue: op)
      r.outer = random.int(1...4)
      r.count = random.int(1...80)
      r.inner = random.bool() ? 1 : random.int(2...40)
      r.in_type = dtype(random.bool())
      r.out_type = dtype(random.bool())
      let positive = r.op == APUS_REDUCE_PROD || r.op == APUS_REDUCE_LOG_SUM
      let x = Buffer(random.floats(r.outer * r.count * r.inner, positive ? 0.9...1.1 : -1...2), r.in_type)
      let y = Buffer([Float](repeating: .nan, count: r.outer * r.inner), r.out_type)
      apus_reduce_run(&r, x.pointer, y.pointer, pool)
      let values = x.values.map(Double.init)
      let expected = (0..<y.count).map { i -> Double in
        let first = i / r.inner * r.count * r.inner + i % r.inner
        return reduced((0..<r.count).map { values[first + $0 * r.inner] }, r.op)
      }
      #expect(difference(y.values, expected) < 2 * tolerance(r.out_type), "\(r)")
    }
  }
}

private func reduced(_ v: [Double], _ op: apus_reduction) -> Double {
  let sum = v.reduce(0, +)
  let squares = v.map { $0 * $0 }.reduce(0, +)
  switch op {
  case APUS_REDUCE_MEAN: return sum / Double(v.count)
  case APUS_REDUCE_MAX: return v.max() ?? 0
  case APUS_REDUCE_MIN: return v.min() ?? 0
  case APUS_REDUCE_PROD: return v.reduce(1, *)
  case APUS_REDUCE_L1: return v.map(abs).reduce(0, +)
  case APUS_REDUCE_L2: return squares.squareRoot()
  case APUS_REDUCE_SUM_SQUARE: return squares
  case APUS_REDUCE_LOG_SUM: return logarithm(sum)
  case APUS_REDUCE_LOG_SUM_EXP: return logarithm(v.map(exponential).reduce(0, +))
  default: return sum
  }
}
