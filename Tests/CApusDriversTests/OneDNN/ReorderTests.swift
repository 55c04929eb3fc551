import CApusDrivers
import Testing

@Suite(.enabled(if: OneDNN.isAvailable, "oneDNN is not there: Scripts/fetch-onednn.sh"))
struct ReorderTests {
  @Test(arguments: [(1, 1, 1), (3, 5, 7), (17, 9, 2)])
  func copiesThroughChannelBlocksAndBack(_ channels: Int, _ height: Int, _ width: Int) throws {
    let library = try #require(OneDNN.library)
    let dims = [2, channels, height, width]
    var random = RandomValues()
    let source = Buffer(random.floats(dims.reduce(1, *)))
    let plain = try Memory(APUS_ONEDNN_F32, dims)
    var made: OpaquePointer?
    try check(
      apus_onednn_memory_create_format(
        library, APUS_ONEDNN_F32, 4, dims.map(Int64.init), APUS_ONEDNN_NCHW16C, &made))
    let blocked = try #require(made)
    defer { apus_onednn_memory_destroy(library, blocked) }
    let blocks = Buffer([Float](repeating: .nan, count: apus_onednn_memory_bytes(library, blocked) / 4))
    #expect(blocks.count == 2 * ((channels + 15) / 16 * 16) * height * width)
    let result = Buffer([Float](repeating: .nan, count: source.count))
    var threads = TestThreads.spawned.table(2)
    try check(apus_onednn_reorder(library, plain.raw, source.pointer, blocked, blocks.pointer, &threads))
    try check(apus_onednn_reorder(library, blocked, blocks.pointer, plain.raw, result.pointer, nil))
    #expect(result.values == source.values)
    #expect(blocks[0] == source[0])
    if channels > 1 { #expect(blocks[1] == source[height * width]) }
  }

  @Test func resamplesLinearly() throws {
    let (channels, h, w) = (5, 6, 9)
    var random = RandomValues()
    let source = Buffer(random.floats(channels * h * w))
    let result = Buffer([Float](repeating: .nan, count: channels * 4 * h * w))
    var expected: [Double] = []
    func near(_ position: Int, _ size: Int) -> (low: Int, high: Int, share: Double) {
      let at = (Double(position) + 0.5) / 2 - 0.5
      let low = Int(at.rounded(.down))
      return (max(low, 0), min(low + 1, size - 1), at - at.rounded(.down))
    }
    for y in 0..<(2 * h) {
      for x in 0..<(2 * w) {
        for c in 0..<channels {
          let (v, u) = (near(y, h), near(x, w))
          func at(_ y: Int, _ x: Int) -> Double { Double(source[(y * w + x) * channels + c]) }
          let top = at(v.low, u.low) * (1 - u.share) + at(v.low, u.high) * u.share
          let bottom = at(v.high, u.low) * (1 - u.share) + at(v.high, u.high) * u.share
          expected.append(top * (1 - v.share) + bottom * v.share)
        }
      }
    }
    let sourceMemory = try Memory.nhwc(APUS_ONEDNN_F32, 1, channels, h, w)
    let destination = try Memory.nhwc(APUS_ONEDNN_F32, 1, channels, 2 * h, 2 * w)
    let primitive = try Primitive(threads: 2) { library, attributes, out in
      apus_onednn_resampling_create(
        library, APUS_ONEDNN_RESAMPLE_LINEAR, nil, sourceMemory.raw, destination.raw, attributes, out)
    }
    try primitive.run(
      [(APUS_ONEDNN_SOURCE, source), (APUS_ONEDNN_DESTINATION, result)], threads: TestThreads.spawned.table(2)
    )
    expectClose(result.values, expected, tolerance: 1e-5, seed: random.seed, primitive.name)
  }
}
