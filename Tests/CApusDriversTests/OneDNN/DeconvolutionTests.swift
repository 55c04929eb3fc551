import CApusDrivers
import Testing

@Suite(.enabled(if: OneDNN.isAvailable, "oneDNN is not there: Scripts/fetch-onednn.sh"))
struct DeconvolutionTests {
  struct Shape: CustomTestStringConvertible, Sendable {
    var input = 3
    var output = 5
    var size = (h: 7, w: 4)
    var kernel = 3
    var stride = 2
    var padding = (begin: 1, end: 0)
    var testDescription: String {
      "\(input)x\(size.h)x\(size.w) to \(output), kernel \(kernel), stride \(stride)"
    }
  }

  /// Weights come as ONNX has them, I,O,spatial, and are described with exchanged strides.
  @Test(arguments: [
    Shape(), Shape(input: 17, output: 8, kernel: 4, padding: (1, 1)),
    Shape(input: 16, output: 19, size: (5, 9), kernel: 2, padding: (0, 0)),
  ])
  func scattersAsPlainLoopsDo(_ shape: Shape) throws {
    let (ic, oc, k) = (shape.input, shape.output, shape.kernel)
    func length(_ size: Int) -> Int {
      (size - 1) * shape.stride + k - shape.padding.begin - shape.padding.end
    }
    let (oh, ow) = (length(shape.size.h), length(shape.size.w))
    var random = RandomValues()
    let source = Buffer(random.floats(ic * shape.size.h * shape.size.w))
    let weights = Buffer(random.floats(ic * oc * k * k))
    let bias = Buffer(random.floats(oc))
    let result = Buffer([Float](repeating: .nan, count: oc * oh * ow))
    var expected = (0..<(oc * oh * ow)).map { Double(bias[$0 % oc]) }
    for y in 0..<shape.size.h {
      for x in 0..<shape.size.w {
        for ky in 0..<k {
          for kx in 0..<k {
            let oy = y * shape.stride + ky - shape.padding.begin
            let ox = x * shape.stride + kx - shape.padding.begin
            guard (0..<oh).contains(oy), (0..<ow).contains(ox) else { continue }
            for i in 0..<ic {
              let value = Double(source[(y * shape.size.w + x) * ic + i])
              for o in 0..<oc {
                expected[(oy * ow + ox) * oc + o] += value * Double(weights[((i * oc + o) * k + ky) * k + kx])
              }
            }
          }
        }
      }
    }

    let memories = (
      source: try Memory.nhwc(APUS_ONEDNN_F32, 1, ic, shape.size.h, shape.size.w),
      weights: try Memory(any: APUS_ONEDNN_F32, [oc, ic, k, k]),
      bias: try Memory(APUS_ONEDNN_F32, [oc]),
      destination: try Memory.nhwc(APUS_ONEDNN_F32, 1, oc, oh, ow)
    )
    var window = apus_onednn_window()
    window.rank = 2
    window.strides = (Int64(shape.stride), Int64(shape.stride), 0)
    window.dilations = (1, 1, 0)
    window.padding_begin = (Int64(shape.padding.begin), Int64(shape.padding.begin), 0)
    window.padding_end = (Int64(shape.padding.end), Int64(shape.padding.end), 0)
    let primitive = try Primitive(threads: 2) { library, attributes, out in
      apus_onednn_deconvolution_create(
        library, memories.source.raw, memories.weights.raw, memories.bias.raw, memories.destination.raw,
        &window,
        attributes, out)
    }
    let plain = try Memory(APUS_ONEDNN_F32, [oc, ic, k, k], strides: [k * k, oc * k * k, k, 1])
    let packed = try primitive.pack(weights, plain, as: APUS_ONEDNN_WEIGHTS, padding: 0)
    try primitive.run(
      [
        (APUS_ONEDNN_SOURCE, source), (APUS_ONEDNN_WEIGHTS, packed), (APUS_ONEDNN_BIAS, bias),
        (APUS_ONEDNN_DESTINATION, result),
      ], threads: TestThreads.spawned.table(2))
    expectClose(result.values, expected, tolerance: 1e-4, seed: random.seed, primitive.name)
  }
}
