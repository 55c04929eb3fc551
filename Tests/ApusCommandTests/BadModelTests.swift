import ApusCore
import Testing

/// Bad models give the exit code of the design, say where and what, and leave nothing behind.
@Suite struct BadModelTests {
  /// Optimizes a model that cannot be optimized; gives what `--json` told of it.
  private func refusal(
    _ bytes: [UInt8], in folder: TemporaryFolder, exit code: Int32 = 65,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> [Problem] {
    let model = try folder.write("bad.onnx", bytes)
    let before = try folder.files()
    let result = try Command(["optimize", model, "-o", "\(folder.path)/out.engine", "--json"], in: folder)
    #expect(result.signal == nil, sourceLocation: sourceLocation)
    #expect(result.status == code, "\(result.errors)", sourceLocation: sourceLocation)
    #expect(result.errors.contains("error: [APUS-"), sourceLocation: sourceLocation)
    #expect(try folder.files() == before, "something was left behind", sourceLocation: sourceLocation)
    let failure = try result.failure()
    #expect(failure.code == code, sourceLocation: sourceLocation)
    #expect(!failure.problems.isEmpty, sourceLocation: sourceLocation)
    return failure.problems
  }

  @Test func theGoodModelPasses() throws {
    let folder = try TemporaryFolder()
    let model = try folder.write("good.onnx", TinyModel.dense.bytes)
    let result = try Command(
      ["optimize", model, "-o", "\(folder.path)/out.engine", "--deterministic"], in: folder)
    #expect(result.status == 0, "\(result.errors)")
    #expect(try folder.files() == ["good.onnx", "out.engine"])
  }

  @Test func truncatedRandomAndEmptyFiles() throws {
    let folder = try TemporaryFolder()
    let whole = TinyModel.dense.bytes
    for count in [whole.count - 1, whole.count * 3 / 4, whole.count / 2, 20] {
      let problems = try refusal(Array(whole[..<count]), in: folder)
      #expect(problems.contains { $0.file != nil || $0.node != nil }, "\(count): \(problems)")
    }
    #expect(try refusal([], in: folder).contains { $0.file?.hasSuffix("bad.onnx") ?? false })
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<3 {
      _ = try refusal((0..<4096).map { _ in .random(in: 0...255, using: &generator) }, in: folder)
    }
  }

  @Test func wrongMagic() throws {
    let folder = try TemporaryFolder()
    _ = try refusal(Array("%PDF-1.7 not a model".utf8), in: folder)
    let file = try folder.write("bad.engine", Array("APUSENGX".utf8) + [UInt8](repeating: 7, count: 200))
    let result = try Command(["run", file, "--json"], in: folder)
    #expect(result.status == 65)
    #expect(try result.failure().problems.contains { $0.file == file })
  }

  @Test func externalData() throws {
    let folder = try TemporaryFolder()
    func model(_ external: [(String, String)]) -> [UInt8] {
      var model = TinyModel.dense
      model.weights[0].external = external
      return model.bytes
    }
    let missing = try refusal(model([("location", "gone.bin")]), in: folder, exit: 66)
    #expect(missing.contains { $0.id.number == 1101 && $0.description.contains("gone.bin") }, "\(missing)")
    try folder.write("short.bin", [UInt8](repeating: 0, count: 40))
    let short = try refusal(model([("location", "short.bin"), ("length", "48")]), in: folder)
    #expect(short.contains { $0.id.number == 1106 && $0.description.contains("short.bin") }, "\(short)")
    for path in ["../outside.bin", "/etc/hostname", "a/../../outside.bin"] {
      let outside = try refusal(model([("location", path)]), in: folder)
      #expect(outside.contains { $0.id.number == 1105 }, "\(path): \(outside)")
    }
  }

  @Test func cycle() throws {
    let folder = try TemporaryFolder()
    var model = TinyModel.dense
    model.nodes[0].inputs[0] = "y"
    let problems = try refusal(model.bytes, in: folder)
    #expect(problems.contains { $0.id.number == 1208 }, "\(problems)")
    #expect(problems.contains { ["product", "sum", "relu"].contains($0.node ?? "") })
  }

  @Test func everyUnknownOperatorIsNamed() throws {
    let folder = try TemporaryFolder()
    var model = TinyModel.dense
    for (index, name) in ["Frobnicate", "Quux", "Relux"].enumerated() {
      model.nodes[index].operatorName = name
    }
    let problems = try refusal(model.bytes, in: folder)
    #expect(
      Set(problems.filter { $0.id.number == 1201 }.compactMap(\.operator)) == ["Frobnicate", "Quux", "Relux"])
    #expect(problems.allSatisfy { $0.fix != nil })
  }
}
