import CApusKernels
import Testing

extension KernelTests {
  @Test func layerNormMatchesPlainLoops() {
    forEachLevel(cases: 12, seed: 10) { random, pool in
      var norm = apus_layer_norm()
      norm.rows = random.int(1...5)
      norm.count = random.int(2...90)
      norm.rms = random.bool()
      norm.epsilon = 1e-5
      norm.in_type = dtype(random.bool())
      norm.out_type = dtype(random.bool())
      let x = Buffer(random.floats(norm.rows * norm.count, -1...3), norm.in_type)
      let y = Buffer([Float](repeating: .nan, count: x.count), norm.out_type)
      let (scale, bias) = (random.floats(norm.count), random.floats(norm.count))
      apus_layer_norm_run(&norm, x.pointer, scale, bias, y.pointer, nil, nil, pool)
      let values = x.values.map(Double.init)
      let expected = values.indices.map { i -> Double in
        let row = values[i / norm.count * norm.count..<(i / norm.count + 1) * norm.count]
        let mean = norm.rms ? 0 : row.reduce(0, +) / Double(norm.count)
        let variance = row.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(norm.count)
        let c = i % norm.count
        return (values[i] - mean) / (variance + 1e-5).squareRoot() * Double(scale[c]) + Double(bias[c])
      }
      #expect(difference(y.values, expected) < 3 * tolerance(norm.out_type), "\(norm)")
    }
  }

  @Test func groupNormMatchesPlainLoops() {
    forEachLevel(cases: 8, seed: 11) { random, pool in
      var norm = apus_group_norm()
      norm.batch = random.int(1...2)
      norm.pixels = random.int(8...80)
      norm.groups = random.int(1...5)
      norm.channels = norm.groups * random.int(1...9)
      norm.epsilon = 1e-5
      norm.activation = random.bool() ? APUS_ACT_NONE : APUS_ACT_SILU
      norm.alpha = 1
      norm.in_type = dtype(random.bool())
      norm.out_type = dtype(random.bool())
      let (channels, size) = (norm.channels, norm.channels / norm.groups)
      let x = Buffer(random.floats(norm.batch * norm.pixels * channels, -1...3), norm.in_type)
      let y = Buffer([Float](repeating: .nan, count: x.count), norm.out_type)
      let (scale, bias) = (random.floats(channels), random.floats(channels))
      let workspace = Buffer(bytes: apus_group_norm_workspace_bytes(&norm))
      apus_group_norm_nhwc(&norm, x.pointer, scale, bias, y.pointer, workspace.pointer, pool)
      let values = x.values.map(Double.init)
      var expected = values
      for part in 0..<norm.batch * norm.groups {
        let (image, group) = (part / norm.groups, part % norm.groups)
        let indices = (0..<norm.pixels * size).map {
          (image * norm.pixels + $0 / size) * channels + group * size + $0 % size
        }
        let mean = indices.map { values[$0] }.reduce(0, +) / Double(indices.count)
        let variance = indices.map { (values[$0] - mean) * (values[$0] - mean) }.reduce(0, +)
        let deviation = (variance / Double(indices.count) + 1e-5).squareRoot()
        for i in indices {
          let z = (values[i] - mean) / deviation * Double(scale[i % channels]) + Double(bias[i % channels])
          expected[i] = norm.activation == APUS_ACT_SILU ? silu(z) : z
        }
      }
      #expect(difference(y.values, expected) < 5 * tolerance(norm.out_type), "\(norm)")
    }
  }
}
