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
    var steps: [Step]?

    struct Step: Decodable {
      var `operator`: String
      var place: String
      var microseconds: Double
    }
  }

  private func document(_ text: String) throws -> Document {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Document.self, from: Data(text.utf8))
  }

  @Test func aProfileNamesEachStepsTime() throws {
    try folder.write("dense.onnx", TinyModel.dense.bytes)
    let result = try Command(
      [
        "bench", "\(folder.path)/dense.onnx", "--device", "cpu", "--iterations", "3", "--profile", "--json",
      ], in: folder)
    let steps = try #require(try document(result.output).steps)
    #expect(!steps.isEmpty)
    #expect(steps.allSatisfy { $0.place == "host" && $0.microseconds > 0 && !$0.operator.isEmpty })
  }

  @Test func severalSessionsRunAtOnce() throws {
    try folder.write("dense.onnx", TinyModel.dense.bytes)
    let result = try Command(
      [
        "bench", "\(folder.path)/dense.onnx", "--device", "cpu", "--sessions", "3", "--threads", "1",
        "--iterations", "4", "--json",
      ], in: folder)
    #expect(result.status == 0)
    let document = try document(result.output)
    #expect(document.sessions == 3)
    #expect(document.steps?.isEmpty ?? true)
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
