import CApusKernels
import Testing

extension KernelTests {
  @Test func depthwiseConvolutionsAndSumsMatchPlainLoops() {
    forEachLevel(cases: 10, seed: 4) { random, pool in
      var conv = apus_depthwise()
      conv.batch = random.int(1...2)
      conv.channels = random.int(1...60)
      var axes: [[Int]] = []
      for _ in 0..<2 {
        let (k, s, d) = (random.int(1...5), random.int(1...2), random.int(1...2))
        let pad = random.int(0...k)
        let reach = (k - 1) * d
        let extent = max(1, reach + 1 - pad) + random.int(0...14)
        axes.append([extent, (extent + pad - reach - 1) / s + 1, k, s, d, pad])
      }
      conv.in = (axes[0][0], axes[1][0])
      conv.out = (axes[0][1], axes[1][1])
      conv.kernel = (axes[0][2], axes[1][2])
      conv.stride = (axes[0][3], axes[1][3])
      conv.dilation = (axes[0][4], axes[1][4])
      conv.pad = (axes[0][5], axes[1][5])
      conv.in_type = dtype(random.bool())
      conv.out_type = dtype(random.bool())
      let channels = conv.channels
      let pixels = conv.out.0 * conv.out.1
      let x = Buffer(random.floats(conv.batch * conv.in.0 * conv.in.1 * channels), conv.in_type)
      let w = random.floats(channels * conv.kernel.0 * conv.kernel.1)
      let bias = Buffer(random.floats(channels))
      let out = Buffer([Float](repeating: .nan, count: conv.batch * pixels * channels), conv.out_type)
      let sums = Buffer([Float](repeating: .nan, count: conv.batch * channels))
      let packed = Buffer(bytes: apus_depthwise_packed_bytes(&conv))
      let workspace = Buffer(bytes: apus_depthwise_workspace_bytes(&conv, 2))
      var epilogue = apus_epilogue()
      epilogue.bias = UnsafePointer(bias.floats)
      epilogue.activation = random.bool() ? APUS_ACT_SILU : APUS_ACT_RELU
      epilogue.alpha = 1
      apus_depthwise_pack(&conv, w, packed.floats)
      apus_depthwise_nhwc(
        &conv, x.pointer, packed.floats, &epilogue, out.pointer, sums.floats, workspace.pointer, pool)

      let (values, biases) = (x.values, bias.values)
      var expected = [Double](repeating: 0, count: out.count)
      var totals = [Double](repeating: 0, count: sums.count)
      for i in expected.indices {
        let c = i % channels
        let (ox, oy) = (i / channels % conv.out.1, i / channels / conv.out.1 % conv.out.0)
        let image = i / channels / pixels
        var sum = Double(biases[c])
        for ky in 0..<conv.kernel.0 {
          for kx in 0..<conv.kernel.1 {
            let y = oy * conv.stride.0 - conv.pad.0 + ky * conv.dilation.0
            let x = ox * conv.stride.1 - conv.pad.1 + kx * conv.dilation.1
            guard y >= 0, y < conv.in.0, x >= 0, x < conv.in.1 else { continue }
            let value = values[((image * conv.in.0 + y) * conv.in.1 + x) * channels + c]
            sum += Double(value) * Double(w[(c * conv.kernel.0 + ky) * conv.kernel.1 + kx])
          }
        }
        expected[i] = epilogue.activation == APUS_ACT_SILU ? silu(sum) : max(sum, 0)
        totals[image * channels + c] += expected[i]
      }
      #expect(difference(out.values, expected) < tolerance(conv.out_type), "\(conv)")
      #expect(difference(sums.values, totals) < 5e-5, "\(conv)")
    }
  }
}
