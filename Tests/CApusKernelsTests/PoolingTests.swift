import CApusKernels
import Testing

extension KernelTests {
  @Test func poolingMatchesPlainLoops() {
    forEachLevel(cases: 12, seed: 5) { random, pool in
      var p = apus_pooling()
      p.mode = random.bool() ? APUS_POOLING_MAX : APUS_POOLING_AVERAGE
      p.batch = random.int(1...2)
      p.channels = random.int(1...70)
      p.count_padding = random.bool()
      var axes: [[Int]] = [[1, 1, 1, 1, 1, 0, 0]]
      for _ in 0..<2 {
        let (k, s, d) = (random.int(1...4), random.int(1...3), random.int(1...2))
        let (pad, end) = (random.int(0...k - 1), random.int(0...k - 1))
        let reach = (k - 1) * d
        let extent = random.int(1...8) + reach
        axes.append([extent, (extent + pad + end - reach - 1) / s + 1, k, s, d, pad, end])
      }
      func column(_ i: Int) -> (Int, Int, Int) { (axes[0][i], axes[1][i], axes[2][i]) }
      p.in = column(0)
      p.out = column(1)
      p.kernel = column(2)
      p.stride = column(3)
      p.dilation = column(4)
      p.pad = column(5)
      p.pad_end = column(6)
      p.in_type = dtype(random.bool())
      p.out_type = dtype(random.bool())
      let x = Buffer(random.floats(p.batch * p.in.1 * p.in.2 * p.channels), p.in_type)
      let out = Buffer(
        [Float](repeating: .nan, count: p.batch * p.out.1 * p.out.2 * p.channels), p.out_type)
      apus_pooling_nhwc(&p, x.pointer, out.pointer, pool)
      let values = x.values
      let expected = (0..<out.count).map { i -> Double in
        let (ox, oy) = (i / p.channels % p.out.2, i / p.channels / p.out.2 % p.out.1)
        let image = i / p.channels / p.out.2 / p.out.1
        var (sum, largest, count) = (0.0, -Double.infinity, 0)
        for ky in 0..<p.kernel.1 {
          for kx in 0..<p.kernel.2 {
            let y = oy * p.stride.1 - p.pad.1 + ky * p.dilation.1
            let x = ox * p.stride.2 - p.pad.2 + kx * p.dilation.2
            let inside = y >= 0 && y < p.in.1 && x >= 0 && x < p.in.2
            if p.count_padding ? y < p.in.1 + p.pad_end.1 && x < p.in.2 + p.pad_end.2 : inside { count += 1 }
            guard inside else { continue }
            let value = Double(values[((image * p.in.1 + y) * p.in.2 + x) * p.channels + i % p.channels])
            sum += value
            largest = max(largest, value)
          }
        }
        return p.mode == APUS_POOLING_MAX ? largest : count == 0 ? 0 : sum / Double(count)
      }
      #expect(difference(out.values, expected) < tolerance(p.out_type), "\(p)")
    }
  }
}
