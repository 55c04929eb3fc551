import CApusDrivers
import Testing

@Suite(.enabled(if: OneDNN.isAvailable, "oneDNN is not there: Scripts/fetch-onednn.sh"))
struct PoolingTests {
  private static let algorithms = [
    APUS_ONEDNN_POOL_MAX, APUS_ONEDNN_POOL_AVERAGE_INCLUDE_PADDING, APUS_ONEDNN_POOL_AVERAGE_EXCLUDE_PADDING,
  ].map(\.rawValue)

  @Test(arguments: algorithms, [1, 19, 32])
  func poolsAsPlainLoopsDo(_ algorithm: Int32, _ channels: Int) throws {
    let (h, w, k, stride, begin, end) = (11, 8, 3, 2, 1, 1)
    let (oh, ow) = ((h + begin + end - k) / stride + 1, (w + begin + end - k) / stride + 1)
    var random = RandomValues()
    let source = Buffer(random.floats(h * w * channels))
    let result = Buffer([Float](repeating: .nan, count: oh * ow * channels))
    var expected: [Double] = []
    for y in 0..<oh {
      for x in 0..<ow {
        for c in 0..<channels {
          var values: [Double] = []
          for sy in (y * stride - begin)..<(y * stride - begin + k) where (0..<h).contains(sy) {
            for sx in (x * stride - begin)..<(x * stride - begin + k) where (0..<w).contains(sx) {
              values.append(Double(source[(sy * w + sx) * channels + c]))
            }
          }
          switch algorithm {
          case APUS_ONEDNN_POOL_MAX.rawValue: expected.append(values.max() ?? .nan)
          case APUS_ONEDNN_POOL_AVERAGE_INCLUDE_PADDING.rawValue:
            expected.append(values.reduce(0, +) / Double(k * k))
          default: expected.append(values.reduce(0, +) / Double(values.count))
          }
        }
      }
    }
    let sourceMemory = try Memory.nhwc(APUS_ONEDNN_F32, 1, channels, h, w)
    let destination = try Memory.nhwc(APUS_ONEDNN_F32, 1, channels, oh, ow)
    var window = apus_onednn_window()
    window.rank = 2
    window.kernel = (Int64(k), Int64(k), 0)
    window.strides = (Int64(stride), Int64(stride), 0)
    window.dilations = (1, 1, 0)
    window.padding_begin = (Int64(begin), Int64(begin), 0)
    window.padding_end = (Int64(end), Int64(end), 0)
    let primitive = try Primitive(threads: 2) { library, attributes, out in
      apus_onednn_pooling_create(
        library, apus_onednn_algorithm(rawValue: algorithm), sourceMemory.raw, destination.raw, &window,
        attributes, out)
    }
    try primitive.run(
      [(APUS_ONEDNN_SOURCE, source), (APUS_ONEDNN_DESTINATION, result)], threads: TestThreads.spawned.table(2)
    )
    expectClose(result.values, expected, tolerance: 1e-5, seed: random.seed, primitive.name)
  }
}
