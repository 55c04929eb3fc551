import CApusKernels
import Testing

extension KernelTests {
  @Test func attentionMatchesPlainLoops() {
    forEachLevel(cases: 8, seed: 31) { random, pool in
      var a = apus_attention()
      a.batch = random.int(1...2)
      a.kv_heads = random.int(1...2)
      a.heads = a.kv_heads * random.int(1...2)
      a.queries = random.int(1...20)
      a.keys = random.int(1...40)
      a.depth = random.int(1...20)
      a.value_depth = random.int(1...20)
      a.scale = 0.3
      a.causal = random.bool()
      a.type = dtype(random.bool())
      // Queries and results are [batch, rows, heads, columns]; keys and values [batch, heads, rows, columns].
      a.q = .init(batch: a.queries * a.heads * a.depth, head: a.depth, row: a.heads * a.depth)
      a.out = .init(
        batch: a.queries * a.heads * a.value_depth, head: a.value_depth, row: a.heads * a.value_depth)
      a.k = .init(batch: a.kv_heads * a.keys * a.depth, head: a.keys * a.depth, row: a.depth)
      a.v = .init(
        batch: a.kv_heads * a.keys * a.value_depth, head: a.keys * a.value_depth, row: a.value_depth)
      a.mask = .init(batch: 0, head: 0, row: a.keys)
      a.mask_column = 1
      let q = Buffer(random.floats(a.batch * a.q.batch), a.type)
      let k = Buffer(random.floats(a.batch * a.k.batch), a.type)
      let v = Buffer(random.floats(a.batch * a.v.batch), a.type)
      let masked = random.bool()
      let mask = random.floats(a.queries * a.keys).map { $0 > 0.6 ? -Float.infinity : $0 > 0.3 ? -95 : $0 }
      let out = Buffer([Float](repeating: .nan, count: a.batch * a.out.batch), a.type)
      let workspace = Buffer(bytes: apus_attention_workspace_bytes(&a, 2))
      if masked {
        apus_attention_run(&a, q.pointer, k.pointer, v.pointer, mask, out.pointer, workspace.pointer, pool)
      } else {
        apus_attention_run(&a, q.pointer, k.pointer, v.pointer, nil, out.pointer, workspace.pointer, pool)
      }
      let expected = attention(a, q.values, k.values, v.values, masked ? mask : nil)
      #expect(difference(out.values, expected) < (a.type == APUS_BF16 ? 2e-2 : 3e-5), "\(a)")
    }
  }

  @Test func squeezeExciteMatchesPlainLoops() {
    forEachLevel(cases: 4, seed: 32) { random, pool in
      var s = apus_squeeze_excite()
      s.batch = random.int(1...2)
      s.channels = random.int(1...50)
      s.squeezed = random.int(1...12)
      s.pixels = random.int(1...50)
      s.inner = APUS_ACT_RELU
      s.outer = APUS_ACT_SIGMOID
      let sums = random.floats(s.batch * s.channels, 0...40)
      let (reduce, expand) = (random.floats(s.channels * s.squeezed), random.floats(s.channels * s.squeezed))
      let (inner, outer) = (random.floats(s.squeezed), random.floats(s.channels))
      let packed = Buffer(bytes: apus_squeeze_excite_packed_bytes(&s))
      let workspace = Buffer(bytes: apus_squeeze_excite_workspace_bytes(&s))
      let gate = Buffer([Float](repeating: .nan, count: sums.count))
      apus_squeeze_excite_pack(&s, reduce, inner, expand, outer, packed.floats)
      apus_squeeze_excite_gate(&s, sums, packed.floats, gate.floats, workspace.pointer, pool)
      let expected = (0..<sums.count).map { i -> Double in
        let (image, c) = (i / s.channels, i % s.channels)
        var sum = Double(outer[c])
        for j in 0..<s.squeezed {
          var hidden = Double(inner[j])
          for i in 0..<s.channels {
            let mean = Double(sums[image * s.channels + i]) / Double(s.pixels)
            hidden += Double(reduce[j * s.channels + i]) * mean
          }
          sum += Double(expand[c * s.squeezed + j]) * max(0, hidden)
        }
        return sigmoid(sum)
      }
      #expect(difference(gate.values, expected) < 1e-4)
    }
  }
}

private func attention(
  _ a: apus_attention, _ q: [Float], _ k: [Float], _ v: [Float], _ mask: [Float]?
) -> [Double] {
  var out = [Double](repeating: 0, count: a.batch * a.out.batch)
  for part in 0..<a.batch * a.heads * a.queries {
    let (image, head, i) = (
      part / a.queries / a.heads, part / a.queries % a.heads, part % a.queries
    )
    let kv = head / (a.heads / a.kv_heads)
    let scores = (0..<a.keys).map { j -> Double in
      if a.causal && j > i + a.keys - a.queries { return -.infinity }
      var sum = 0.0
      for d in 0..<a.depth {
        let left: Int = image * a.q.batch + head * a.q.head + i * a.q.row + d
        let right: Int = image * a.k.batch + kv * a.k.head + j * a.k.row + d
        sum += Double(q[left]) * Double(k[right])
      }
      return sum * Double(a.scale) + Double(mask?[i * a.keys + j] ?? 0)
    }
    let top = scores.max() ?? 0
    guard top > -.infinity else { continue }
    let weights = scores.map { exponential($0 - top) }
    let total = weights.reduce(0, +)
    for c in 0..<a.value_depth {
      var sum = 0.0
      for j in 0..<a.keys {
        let at: Int = image * a.v.batch + kv * a.v.head + j * a.v.row + c
        sum += weights[j] / total * Double(v[at])
      }
      let to: Int = image * a.out.batch + head * a.out.head + i * a.out.row + c
      out[to] = sum
    }
  }
  return out
}
