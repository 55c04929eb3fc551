import FoundationEssentials
import Testing

/// `apus bench`.
@Suite struct BenchVerbTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private struct Document: Decodable {
    var iterations: Int
    var sessions: Int
    var throughputPerS: Double
  }

  @Test func severalSessionsRunAtOnce() throws {
    try folder.write("dense.onnx", TinyModel.dense.bytes)
    let result = try Command(
      [
        "bench", "\(folder.path)/dense.onnx", "--device", "cpu", "--sessions", "3", "--threads", "1",
        "--iterations", "4", "--json",
      ], in: folder)
    #expect(result.status == 0)
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let document = try decoder.decode(Document.self, from: Data(result.output.utf8))
    #expect(document.sessions == 3)
    #expect(document.iterations == 12)
    #expect(document.throughputPerS > 0)
  }

  @Test func sessionsHaveNoProfile() throws {
    try folder.write("dense.onnx", TinyModel.dense.bytes)
    let result = try Command(
      ["bench", "\(folder.path)/dense.onnx", "--device", "cpu", "--sessions", "2", "--profile"], in: folder)
    #expect(result.status == 64)
  }
}
