import CApusKernels
import Testing

extension KernelTests {
  @Test func softmaxMatchesPlainLoops() {
    forEachLevel(cases: 12, seed: 9) { random, pool in
      var s = apus_softmax()
      s.outer = random.int(1...4)
      s.count = random.int(1...90)
      s.inner = random.bool() ? 1 : random.int(2...40)
      s.logarithm = random.bool()
      s.in_type = dtype(random.bool())
      s.out_type = dtype(random.bool())
      let range: ClosedRange<Float> = random.bool() ? -5...30 : -120...30
      let x = Buffer(random.floats(s.outer * s.count * s.inner, range), s.in_type)
      let y = Buffer([Float](repeating: .nan, count: x.count), s.out_type)
      apus_softmax_run(&s, x.pointer, y.pointer, pool)
      let values = x.values.map(Double.init)
      var expected = values
      for start in 0..<s.outer * s.inner {
        let first = start / s.inner * s.count * s.inner + start % s.inner
        let indices = (0..<s.count).map { first + $0 * s.inner }
        let top = indices.map { values[$0] }.max() ?? 0
        let sum = indices.map { exponential(values[$0] - top) }.reduce(0, +)
        for i in indices {
          let d = values[i] - top
          expected[i] = s.logarithm ? d - logarithm(sum) : exponential(d) / sum
        }
      }
      #expect(difference(y.values, expected) < tolerance(s.out_type), "\(s)")
      // Denormal results take a hundred times as long.
      if !s.logarithm { #expect(!y.values.contains { $0.isSubnormal }) }
    }
  }
}
