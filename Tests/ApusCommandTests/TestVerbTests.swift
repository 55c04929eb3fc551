import ApusCore
import FoundationEssentials
import Testing

/// `apus test`: what is passed, failed and skipped.
@Suite struct TestVerbTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private struct Document: Decodable {
    struct Case: Decodable {
      var name: String
      var status: String
      var reason: String?
    }
    var passed: Int
    var failed: Int
    var skipped: Int
    var cases: [Case]
  }

  /// A case of nodes that each read `x`.
  private func write(_ name: String, _ operators: [String]) throws {
    var model = TinyModel.dense
    model.nodes = operators.enumerated().map { index, name in
      .init(operatorName: name, inputs: ["x"], outputs: ["y\(index)"], name: "node\(index)")
    }
    model.outputs = operators.indices.map { "y\($0)" }
    try folder.write("\(name).onnx", model.bytes)
    for index in operators.indices { try folder.write("\(name)_output_\(index).pb", []) }
  }

  private func run() throws -> (status: Int32, document: Document) {
    let result = try Command(["test", folder.path, "--device", "cpu", "--json"], in: folder)
    return (result.status, try JSONDecoder().decode(Document.self, from: Data(result.output.utf8)))
  }

  @Test func whatIsOutOfScopeIsSkippedWithItsReason() throws {
    try write("picture", ["ImageDecoder"])
    let (status, document) = try run()
    #expect(status == 0)
    #expect((document.passed, document.failed, document.skipped) == (0, 0, 1))
    #expect(document.cases.first?.reason?.contains("ImageDecoder: picture files are decoded") == true)
  }

  @Test func whatIsMissingFails() throws {
    try write("unknown", ["Frobnicate"])
    try write("both", ["ImageDecoder", "Frobnicate"])
    try write("wrong", ["Relu"])
    let (status, document) = try run()
    #expect(status == 1)
    #expect((document.failed, document.skipped) == (3, 0), "\(document.cases)")
  }
}
