import CApusDrivers
import Testing

/// One convolution over N,C,H,W.
struct ConvolutionCase: CustomTestStringConvertible, Sendable {
  var channels = (input: 3, output: 5)
  var groups = 1
  var size = (h: 9, w: 7)
  var kernel = (h: 3, w: 3)
  var stride = 1
  var dilation = 1
  var padding = (begin: 1, end: 1)
  var batch = 1
  var threads = 2

  var output: (h: Int, w: Int) {
    func length(_ size: Int, _ kernel: Int) -> Int {
      (size + padding.begin + padding.end - (kernel - 1) * dilation - 1) / stride + 1
    }
    return (length(size.h, kernel.h), length(size.w, kernel.w))
  }

  var window: apus_onednn_window {
    var window = apus_onednn_window()
    window.rank = 2
    window.strides = (Int64(stride), Int64(stride), 0)
    window.dilations = (Int64(dilation), Int64(dilation), 0)
    window.padding_begin = (Int64(padding.begin), Int64(padding.begin), 0)
    window.padding_end = (Int64(padding.end), Int64(padding.end), 0)
    return window
  }

  var weightDims: [Int] {
    groups == 1
      ? [channels.output, channels.input, kernel.h, kernel.w]
      : [groups, channels.output / groups, channels.input / groups, kernel.h, kernel.w]
  }

  var sourceCount: Int { batch * channels.input * size.h * size.w }
  var weightCount: Int { channels.output * channels.input / groups * kernel.h * kernel.w }
  var destinationCount: Int { batch * channels.output * output.h * output.w }

  var testDescription: String {
    "\(batch)x\(channels.input)x\(size.h)x\(size.w) to \(channels.output), kernel \(kernel.h)x\(kernel.w), "
      + "stride \(stride), dilation \(dilation), groups \(groups), \(threads) threads"
  }

  /// Plain loops; source and result are NHWC, weights OIHW.
  func reference(_ source: [Float], _ weights: [Float], _ bias: [Float]) -> [Double] {
    let (ic, oc) = (channels.input / groups, channels.output / groups)
    var result: [Double] = []
    for n in 0..<batch {
      for y in 0..<output.h {
        for x in 0..<output.w {
          for o in 0..<channels.output {
            var sum = Double(bias[o])
            for i in 0..<ic {
              for ky in 0..<kernel.h {
                for kx in 0..<kernel.w {
                  let sy = y * stride - padding.begin + ky * dilation
                  let sx = x * stride - padding.begin + kx * dilation
                  guard (0..<size.h).contains(sy), (0..<size.w).contains(sx) else { continue }
                  let at = ((n * size.h + sy) * size.w + sx) * channels.input + o / oc * ic + i
                  sum += Double(source[at]) * Double(weights[((o * ic + i) * kernel.h + ky) * kernel.w + kx])
                }
              }
            }
            result.append(sum)
          }
        }
      }
    }
    return result
  }

  func primitive(
    _ types: (source: apus_onednn_type, weights: apus_onednn_type, destination: apus_onednn_type),
    postOps: [apus_onednn_post_op] = [], scales: [apus_onednn_quantization] = [],
    zeroPoints: [apus_onednn_quantization] = [], implementation: Int = 0
  ) throws -> Primitive {
    let source = try Memory.nhwc(types.source, batch, channels.input, size.h, size.w)
    let weights = try Memory(any: types.weights, weightDims)
    let bias = try Memory(APUS_ONEDNN_F32, [channels.output])
    let destination = try Memory.nhwc(types.destination, batch, channels.output, output.h, output.w)
    var window = window
    return try Primitive(
      postOps: postOps, scales: scales, zeroPoints: zeroPoints, threads: threads,
      implementation: implementation
    ) { library, attributes, out in
      apus_onednn_convolution_create(
        library, source.raw, weights.raw, bias.raw, destination.raw, &window, attributes, out)
    }
  }
}

private let cases: [ConvolutionCase] = [
  .init(),
  .init(channels: (16, 32), size: (14, 14), kernel: (1, 1), padding: (0, 0)),
  .init(channels: (3, 17), size: (23, 31), kernel: (7, 7), stride: 2, padding: (3, 2)),
  .init(channels: (19, 33), size: (11, 13), stride: 2, padding: (0, 1), batch: 2, threads: 3),
  .init(channels: (24, 24), groups: 24, size: (15, 9), kernel: (5, 5), padding: (2, 2), threads: 1),
  .init(
    channels: (12, 18), groups: 3, size: (10, 6), kernel: (3, 1), dilation: 2, padding: (2, 2), threads: 5),
  .init(channels: (64, 64), size: (28, 28), threads: 4),
]

@Suite(.enabled(if: OneDNN.isAvailable, "oneDNN is not there: Scripts/fetch-onednn.sh"))
struct ConvolutionTests {
  @Test(arguments: cases, TestThreads.allCases)
  func fp32WithSumAndRelu(_ shape: ConvolutionCase, _ threads: TestThreads) throws {
    var random = RandomValues()
    let source = Buffer(random.floats(shape.sourceCount))
    let weights = Buffer(random.floats(shape.weightCount))
    let bias = Buffer(random.floats(shape.channels.output))
    let result = Buffer(random.floats(shape.destinationCount))
    let expected = zip(shape.reference(source.values, weights.values, bias.values), result.values).map {
      max(0, $0 + 0.5 * Double($1))
    }

    let primitive = try shape.primitive(
      (APUS_ONEDNN_F32, APUS_ONEDNN_F32, APUS_ONEDNN_F32),
      postOps: [postOp(sum: 0.5), postOp(eltwise: APUS_ONEDNN_RELU)])
    let packed = try primitive.pack(
      weights, Memory(APUS_ONEDNN_F32, shape.weightDims), as: APUS_ONEDNN_WEIGHTS, padding: 0)
    try primitive.run(
      [
        (APUS_ONEDNN_SOURCE, source), (APUS_ONEDNN_WEIGHTS, packed), (APUS_ONEDNN_BIAS, bias),
        (APUS_ONEDNN_DESTINATION, result),
      ], threads: threads.table(shape.threads))
    expectClose(result.values, expected, tolerance: 1e-4, seed: random.seed, primitive.name)
  }

  @Test(arguments: cases)
  func bf16WithSwish(_ shape: ConvolutionCase) throws {
    var random = RandomValues()
    let source = Buffer(random.floats(shape.sourceCount).map(BFloat16.encode))
    let weights = Buffer(random.floats(shape.weightCount).map(BFloat16.encode))
    let bias = Buffer(random.floats(shape.channels.output))
    let result = Buffer([UInt16](repeating: 0, count: shape.destinationCount))
    let sums = shape.reference(
      source.values.map(BFloat16.decode), weights.values.map(BFloat16.decode), bias.values)
    let expected = sums.map { $0 / (1 + exponential(-$0)) }

    let primitive: Primitive
    do {
      primitive = try shape.primitive(
        (APUS_ONEDNN_BF16, APUS_ONEDNN_BF16, APUS_ONEDNN_BF16),
        postOps: [postOp(eltwise: APUS_ONEDNN_SWISH, alpha: 1)])
    } catch let failure as OneDNNFailure where failure.status == APUS_ONEDNN_UNIMPLEMENTED {
      return  // This CPU has no BF16.
    }
    let packed = try primitive.pack(
      weights, Memory(APUS_ONEDNN_BF16, shape.weightDims), as: APUS_ONEDNN_WEIGHTS, padding: 0)
    try primitive.run(
      [
        (APUS_ONEDNN_SOURCE, source), (APUS_ONEDNN_WEIGHTS, packed), (APUS_ONEDNN_BIAS, bias),
        (APUS_ONEDNN_DESTINATION, result),
      ], threads: TestThreads.spawned.table(shape.threads))
    expectClose(
      result.values.map(BFloat16.decode), expected, tolerance: 0.01, seed: random.seed, primitive.name)
  }

  @Test(arguments: cases)
  func int8WithScalesAndZeroPoint(_ shape: ConvolutionCase) throws {
    var random = RandomValues()
    let source = Buffer((0..<shape.sourceCount).map { _ in UInt8.random(in: 0...255, using: &random) })
    let weights = Buffer((0..<shape.weightCount).map { _ in Int8.random(in: -60...60, using: &random) })
    let bias = Buffer(random.floats(shape.channels.output))
    let sourceScale = Buffer<Float>([0.02])
    let weightScales = Buffer(
      (0..<shape.channels.output).map { _ in Float.random(in: 0.001...0.02, using: &random) })
    let destinationScale = Buffer<Float>([0.05])
    let zeroPoint = Buffer<Int32>([17])
    let result = Buffer([UInt8](repeating: 0, count: shape.destinationCount))
    let zeros = [Float](repeating: 0, count: shape.channels.output)
    let sums = shape.reference(source.values.map(Float.init), weights.values.map(Float.init), zeros)
    let expected = sums.enumerated().map { index, sum in
      let o = index % shape.channels.output
      let real = sum * Double(sourceScale[0]) * Double(weightScales[o]) + Double(bias[o])
      return min(255, max(0, (real / Double(destinationScale[0])).rounded(.toNearestOrEven) + 17))
    }

    let weightMask: Int32 = shape.groups == 1 ? 1 : 3
    let primitive = try shape.primitive(
      (APUS_ONEDNN_U8, APUS_ONEDNN_S8, APUS_ONEDNN_U8),
      scales: [
        .init(argument: APUS_ONEDNN_SOURCE, mask: 0, count: 1),
        .init(argument: APUS_ONEDNN_WEIGHTS, mask: weightMask, count: Int64(shape.channels.output)),
        .init(argument: APUS_ONEDNN_DESTINATION, mask: 0, count: 1),
      ], zeroPoints: [.init(argument: APUS_ONEDNN_DESTINATION, mask: 0, count: 1)])
    let packed = try primitive.pack(
      weights, Memory(APUS_ONEDNN_S8, shape.weightDims), as: APUS_ONEDNN_WEIGHTS, padding: 0)
    try primitive.run(
      [
        (APUS_ONEDNN_SOURCE, source), (APUS_ONEDNN_WEIGHTS, packed), (APUS_ONEDNN_BIAS, bias),
        (APUS_ONEDNN_DESTINATION, result), (apus_onednn_argument_scale(APUS_ONEDNN_SOURCE), sourceScale),
        (apus_onednn_argument_scale(APUS_ONEDNN_WEIGHTS), weightScales),
        (apus_onednn_argument_scale(APUS_ONEDNN_DESTINATION), destinationScale),
        (apus_onednn_argument_zero_point(APUS_ONEDNN_DESTINATION), zeroPoint),
      ], threads: TestThreads.spawned.table(shape.threads))
    // One step for sums that lie on the boundary between two.
    for (actual, expected) in zip(result.values, expected) where abs(Double(actual) - expected) > 1 {
      Issue.record("\(primitive.name): \(actual), expected \(expected) (seed \(random.seed))")
      return
    }
  }

  @Test func reportsTooFewThreads() throws {
    var shape = cases[1]
    shape.threads = 4
    let primitive = try shape.primitive((APUS_ONEDNN_F32, APUS_ONEDNN_F32, APUS_ONEDNN_F32))
    let memory = Buffer([Float](repeating: 0, count: 1 << 16))
    let status = #expect(throws: OneDNNFailure.self) {
      try primitive.run(
        [
          (APUS_ONEDNN_SOURCE, memory), (APUS_ONEDNN_WEIGHTS, memory), (APUS_ONEDNN_BIAS, memory),
          (APUS_ONEDNN_DESTINATION, memory),
        ], threads: TestThreads.spawned.table(3))
    }
    #expect(status?.status == APUS_ONEDNN_TOO_FEW_THREADS)
  }

  @Test func endsTheListOfImplementations() throws {
    let types = (APUS_ONEDNN_F32, APUS_ONEDNN_F32, APUS_ONEDNN_F32)
    var names: [String] = []
    let failure = #expect(throws: OneDNNFailure.self) {
      for index in 0..<100 { names.append(try cases[6].primitive(types, implementation: index).name) }
    }
    #expect(failure?.status == APUS_ONEDNN_LAST_IMPLEMENTATION)
    #expect(names.count > 1)
  }

  @Test func choosesTheSameWeightLayoutAgain() throws {
    let types = (APUS_ONEDNN_F32, APUS_ONEDNN_F32, APUS_ONEDNN_F32)
    let (first, second) = (try cases[2].primitive(types), try cases[2].primitive(types))
    let memories = try [first, second].map {
      try #require(apus_onednn_primitive_memory($0.raw, APUS_ONEDNN_WEIGHTS))
    }
    #expect(apus_onednn_memory_equal(first.library, memories[0], memories[1]) == 1)
    var layout = apus_onednn_layout()
    try check(apus_onednn_memory_get_layout(first.library, memories[0], &layout))
    #expect(layout.rank == 4)
    #expect(layout.kind == 2)
    #expect(layout.dims.0 == 17 && layout.dims.1 == 3 && layout.dims.2 == 7 && layout.dims.3 == 7)
    #expect(layout.bytes >= 4 * 17 * 3 * 7 * 7)
  }
}
