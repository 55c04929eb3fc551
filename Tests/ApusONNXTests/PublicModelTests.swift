import ApusCore
import ApusOperators
import Glibc
import Testing

@testable import ApusONNX

/// Imports every model of the folder that the environment variable APUS_MODELS names.
@Suite struct PublicModelTests {
  static let folder = getenv("APUS_MODELS").map { String(cString: $0) }

  static var models: [String] {
    guard let folder, let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      names.append(
        withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }
    return names.filter { $0.hasSuffix(".onnx") }.sorted().map { folder + "/" + $0 }
  }

  @Test(.enabled(if: folder != nil), arguments: models) func modelsImport(path: String) throws {
    let clock = ContinuousClock()
    let start = clock.now
    let model = try ONNXModel.load(path: path).importGraph(catalogue: .standard)
    print("\(path): \(model.graph.nodeCount) nodes in \(start.duration(to: clock.now))")
    for output in model.graph.outputs { print("  \(model.graph[output].name): \(model.graph[output].type)") }
    for note in model.notes { print("  note: \(note)") }
    #expect(model.graph.verify().isEmpty)
  }
}
