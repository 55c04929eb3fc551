import ApusCore
import ApusEngine
import Testing

/// Damaged engines and engines of another version are refused with the section's name.
@Suite struct BadEngineTests {
  private let folder: TemporaryFolder
  private let engine: String
  private let bytes: [UInt8]

  init() throws {
    folder = try TemporaryFolder()
    engine = "\(folder.path)/good.engine"
    let model = try folder.write("good.onnx", TinyModel.dense.bytes)
    let result = try Command(["optimize", model, "-o", engine, "--deterministic"], in: folder)
    try #require(result.status == 0, "\(result.errors)")
    bytes = try contents(of: engine)
  }

  private func refusal(of damaged: [UInt8], _ arguments: [String] = ["run"]) throws -> [Problem] {
    let path = try folder.write("bad.engine", damaged)
    let result = try Command([arguments[0], path] + arguments.dropFirst() + ["--json"], in: folder)
    #expect(result.signal == nil)
    #expect(result.status == 65, "\(result.errors)")
    let problems = try result.failure().problems
    #expect(problems.contains { $0.file == path && $0.fix != nil }, "\(problems)")
    return problems
  }

  @Test func damageInEachSection() throws {
    let sections = try Engine(contentsOf: engine).header.sections
    #expect(sections.count >= 4)
    for section in sections where section.byteCount > 0 {
      var damaged = bytes
      damaged[section.offset + section.byteCount / 2] ^= 0x10
      let problems = try refusal(of: damaged)
      // A section of a small engine may share its first chunk with the header.
      let names = [section.name, "header"]
      #expect(problems.contains { $0.id.number == 1502 && names.contains(where: $0.message.contains) })
    }
  }

  @Test func damageInFrame() throws {
    // Header text, padding before the first section, checksum table, footer.
    for place in [200, 4000, bytes.count - 70, bytes.count - 30, bytes.count - 4] {
      var damaged = bytes
      damaged[place] ^= 0x01
      #expect(try refusal(of: damaged).contains { $0.id.number == 1502 })
    }
    for place in 16..<32 {
      var damaged = bytes
      damaged[place] ^= 0xFF
      _ = try refusal(of: damaged, ["inspect"])
    }
    for count in [12, 63, 100, bytes.count / 2, bytes.count - 1] {
      _ = try refusal(of: Array(bytes[..<count]))
    }
  }

  @Test func anotherVersion() throws {
    var other = bytes
    other[8] = 99
    let problems = try refusal(of: other)
    #expect(problems.contains { $0.id.number == 1501 && $0.message.contains("99") })
    #expect(problems.contains { $0.fix?.contains("optimize") ?? false })
  }
}
