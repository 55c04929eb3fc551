import CApusKernels
import Testing

/// A convolution with its operands, and the same by plain loops.
private struct ConvCase {
  var conv = apus_conv()
  var transposed = false
  var activation = APUS_ACT_NONE
  var usesBias = false
  var usesResidual = false

  init(_ random: inout Random, transposed: Bool) {
    self.transposed = transposed
    conv.batch = random.int(1...2)
    conv.groups = random.int(0...2) == 0 ? random.int(2...3) : 1
    conv.in_channels = conv.groups * random.int(1...20)
    conv.out_channels = conv.groups * random.int(1...40)
    let rank = random.int(1...3)
    var d: [[Int]] = []
    for axis in 0..<3 { d.append(axis < 3 - rank ? [1, 1, 1, 1, 1, 0] : Self.axis(&random, transposed)) }
    conv.in = (d[0][0], d[1][0], d[2][0])
    conv.out = (d[0][1], d[1][1], d[2][1])
    conv.kernel = (d[0][2], d[1][2], d[2][2])
    conv.stride = (d[0][3], d[1][3], d[2][3])
    conv.dilation = (d[0][4], d[1][4], d[2][4])
    conv.pad = (d[0][5], d[1][5], d[2][5])
    let narrow = random.bool()
    conv.type = dtype(narrow)
    conv.in_type = dtype(narrow && random.bool())
    conv.out_type = dtype(narrow && random.bool())
    conv.in_channels_first = random.bool()
    conv.gated = !narrow && random.bool()
    conv.parts = narrow || transposed ? 0 : [0, 2, 3][random.int(0...2)]
    activation = [APUS_ACT_NONE, APUS_ACT_RELU, APUS_ACT_SILU][random.int(0...2)]
    usesBias = random.bool()
    usesResidual = random.bool()
  }

  /// Extents in and out, kernel, stride, dilation, padding.
  static func axis(_ random: inout Random, _ transposed: Bool) -> [Int] {
    let kernel = random.int(1...4)
    let stride = random.int(1...3)
    let dilation = random.int(1...2)
    let pad = random.int(0...kernel - 1)
    let reach = (kernel - 1) * dilation
    let extent = random.int(1...7) + (transposed ? 0 : max(0, reach - pad))
    let out =
      transposed ? max(1, (extent - 1) * stride + reach + 1 - pad) : (extent + pad - reach - 1) / stride + 1
    return [extent, out, kernel, stride, dilation, pad]
  }

  func volume(_ t: (Int, Int, Int)) -> Int { t.0 * t.1 * t.2 }
  var inCount: Int { conv.batch * volume(conv.in) * conv.in_channels }
  var outCount: Int { conv.batch * volume(conv.out) * conv.out_channels }
  var weightCount: Int { volume(conv.kernel) * conv.in_channels * conv.out_channels / conv.groups }

  func input(_ image: Int, _ at: [Int], _ channel: Int) -> Int {
    let pixel = (at[0] * conv.in.1 + at[1]) * conv.in.2 + at[2]
    if conv.in_channels_first { return (image * conv.in_channels + channel) * volume(conv.in) + pixel }
    return (image * volume(conv.in) + pixel) * conv.in_channels + channel
  }

  /// Calls `body` with input and output positions and the tap that joins them.
  func forEachTap(_ body: ([Int], [Int], Int) -> Void) {
    let (e, o, k) = (conv.in, conv.out, conv.kernel)
    let (s, d, p) = (conv.stride, conv.dilation, conv.pad)
    let limits = transposed ? [o.0, o.1, o.2] : [e.0, e.1, e.2]
    let from = transposed ? e : o
    for z in 0..<from.0 {
      for y in 0..<from.1 {
        for x in 0..<from.2 {
          for tap in 0..<volume(k) {
            let to = [
              z * s.0 + tap / (k.1 * k.2) * d.0 - p.0, y * s.1 + tap / k.2 % k.1 * d.1 - p.1,
              x * s.2 + tap % k.2 * d.2 - p.2,
            ]
            guard (0..<3).allSatisfy({ to[$0] >= 0 && to[$0] < limits[$0] }) else { continue }
            if transposed { body([z, y, x], to, tap) } else { body(to, [z, y, x], tap) }
          }
        }
      }
    }
  }

  func expected(
    _ x: [Float], _ w: [Float], _ bias: [Float], _ gate: [Float], _ residual: [Float]
  ) -> [Double] {
    var sums = [Double](repeating: 0, count: outCount)
    let (perIn, perOut) = (conv.in_channels / conv.groups, conv.out_channels / conv.groups)
    let taps = volume(conv.kernel)
    forEachTap { from, to, tap in
      for image in 0..<conv.batch {
        let at = ((image * conv.out.0 + to[0]) * conv.out.1 + to[1]) * conv.out.2 + to[2]
        for i in 0..<conv.in_channels {
          let group = i / perIn
          let factor = conv.gated ? Double(gate[image * conv.in_channels + i]) : 1
          let value = Double(x[input(image, from, i)]) * factor
          for j in 0..<perOut {
            let row = transposed ? i * perOut + j : (group * perOut + j) * perIn + i % perIn
            sums[at * conv.out_channels + group * perOut + j] += value * Double(w[row * taps + tap])
          }
        }
      }
    }
    for i in sums.indices {
      var v = sums[i] + (usesBias ? Double(bias[i % conv.out_channels]) : 0)
      v += usesResidual ? Double(residual[i]) : 0
      sums[i] = activation == APUS_ACT_RELU ? max(v, 0) : activation == APUS_ACT_SILU ? silu(v) : v
    }
    return sums
  }

  mutating func check(_ random: inout Random, _ pool: OpaquePointer?) {
    let x = Buffer(Buffer(random.floats(inCount), conv.type).values, conv.in_type)
    let w = Buffer(random.floats(weightCount), conv.type).values
    let bias = Buffer(random.floats(conv.out_channels))
    let gate = Buffer(random.floats(conv.batch * conv.in_channels))
    let residual = Buffer(random.floats(outCount), conv.out_type)
    let out = Buffer([Float](repeating: .nan, count: outCount), conv.out_type)
    var epilogue = apus_epilogue()
    epilogue.activation = activation
    epilogue.alpha = 1
    epilogue.bias = usesBias ? UnsafePointer(bias.floats) : nil
    epilogue.residual = usesResidual ? UnsafeRawPointer(residual.pointer) : nil
    let valid = transposed ? apus_conv_transpose_valid(&conv) : apus_conv_valid(&conv)
    #expect(valid)
    if transposed {
      let packed = Buffer(bytes: apus_conv_transpose_packed_bytes(&conv))
      let workspace = Buffer(bytes: apus_conv_transpose_workspace_bytes(&conv, 2))
      apus_conv_transpose_pack(&conv, w, packed.pointer)
      apus_conv_transpose_nhwc(
        &conv, x.pointer, packed.pointer, gate.floats, &epilogue, out.pointer, workspace.pointer, pool)
    } else {
      let packed = Buffer(bytes: apus_conv_packed_bytes(&conv))
      let workspace = Buffer(bytes: apus_conv_workspace_bytes(&conv, 2))
      apus_conv_pack(&conv, w, packed.pointer)
      apus_conv_nhwc(
        &conv, x.pointer, packed.pointer, gate.floats, &epilogue, out.pointer, workspace.pointer, pool)
    }
    let wanted = expected(x.values, w, bias.values, gate.values, residual.values)
    let error = difference(out.values, wanted)
    #expect(error < tolerance(conv.out_type), "\(conv) transposed \(transposed)")
  }
}

extension KernelTests {
  @Test func convolutionsMatchPlainLoops() {
    forEachLevel(cases: 12, seed: 1) { random, pool in
      var one = ConvCase(&random, transposed: false)
      one.check(&random, pool)
    }
  }

  @Test func transposedConvolutionsMatchPlainLoops() {
    forEachLevel(cases: 6, seed: 2) { random, pool in
      var one = ConvCase(&random, transposed: true)
      one.check(&random, pool)
    }
  }

  @Test func unsupportedConvolutionsAreInvalid() {
    var conv = apus_conv()
    conv.batch = 1
    conv.groups = 2
    conv.in_channels = 3
    conv.out_channels = 4
    #expect(!apus_conv_valid(&conv))
  }
}
