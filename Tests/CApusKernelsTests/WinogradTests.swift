import CApusKernels
import Testing

/// A 3x3 convolution of stride 1 with its operands, and the same by plain loops.
private struct WinogradCase {
  var conv = apus_winograd()
  let activation: apus_activation
  let usesBias: Bool
  let usesResidual: Bool

  init(_ random: inout Random) {
    conv.batch = random.int(1...2)
    conv.in_channels = 16 * random.int(1...3)
    conv.out_channels = 16 * random.int(1...6)
    let pad = (random.int(0...2), random.int(0...2))
    conv.out = (random.int(1...9), random.int(1...13))
    // Less than the taps reach: what lies beyond the end reads as zero.
    conv.in = (
      max(1, conv.out.0 + 2 - pad.0 - random.int(0...2)), max(1, conv.out.1 + 2 - pad.1 - random.int(0...2))
    )
    conv.pad = pad
    activation = [APUS_ACT_NONE, APUS_ACT_RELU, APUS_ACT_SILU][random.int(0...2)]
    usesBias = random.bool()
    usesResidual = random.bool()
  }

  func expected(_ x: [Float], _ w: [Float], _ bias: [Float], _ residual: [Float]) -> [Double] {
    var result: [Double] = []
    for image in 0..<conv.batch {
      for y in 0..<conv.out.0 {
        for column in 0..<conv.out.1 {
          for o in 0..<conv.out_channels {
            var sum = usesBias ? Double(bias[o]) : 0
            for tap in 0..<9 {
              let (iy, ix) = (y + tap / 3 - conv.pad.0, column + tap % 3 - conv.pad.1)
              guard iy >= 0, iy < conv.in.0, ix >= 0, ix < conv.in.1 else { continue }
              let from = ((image * conv.in.0 + iy) * conv.in.1 + ix) * conv.in_channels
              for c in 0..<conv.in_channels {
                sum += Double(x[from + c]) * Double(w[(o * conv.in_channels + c) * 9 + tap])
              }
            }
            sum += usesResidual ? Double(residual[result.count]) : 0
            result.append(
              activation == APUS_ACT_RELU ? max(sum, 0) : activation == APUS_ACT_SILU ? silu(sum) : sum)
          }
        }
      }
    }
    return result
  }

  mutating func check(_ random: inout Random, _ pool: OpaquePointer?) {
    let x = random.floats(conv.batch * conv.in.0 * conv.in.1 * conv.in_channels)
    let w = random.floats(conv.out_channels * conv.in_channels * 9)
    let count = conv.batch * conv.out.0 * conv.out.1 * conv.out_channels
    let (bias, residual) = (Buffer(random.floats(conv.out_channels)), Buffer(random.floats(count)))
    let out = Buffer([Float](repeating: .nan, count: count))
    var epilogue = apus_epilogue()
    epilogue.activation = activation
    epilogue.alpha = 1
    epilogue.bias = usesBias ? UnsafePointer(bias.floats) : nil
    epilogue.residual = usesResidual ? UnsafeRawPointer(residual.pointer) : nil
    let isValid = apus_winograd_valid(&conv)
    #expect(isValid)
    let packed = Buffer(bytes: apus_winograd_packed_bytes(&conv))
    let workspace = Buffer(bytes: apus_winograd_workspace_bytes(&conv, 2))
    apus_winograd_pack(&conv, w, packed.floats)
    apus_winograd_nhwc(
      &conv, x, packed.floats, &epilogue, out.floats, workspace.pointer, pool)
    let error = difference(out.values, expected(x, w, bias.values, residual.values))
    #expect(error < tolerance(APUS_F32), "\(conv)")
  }
}

extension KernelTests {
  @Test func winogradMatchesPlainLoops() {
    forEachLevel(cases: 12, seed: 21) { random, pool in
      var one = WinogradCase(&random)
      one.check(&random, pool)
    }
  }

  @Test func oddChannelsAreNoWinograd() {
    var conv = apus_winograd()
    (conv.batch, conv.in_channels, conv.out_channels) = (1, 16, 24)
    #expect(!apus_winograd_valid(&conv))
  }
}
