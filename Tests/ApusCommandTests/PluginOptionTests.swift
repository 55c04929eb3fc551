import ApusCore
import Glibc
import Testing

/// Verbs over models with an operator of a plugin library.
@Suite struct PluginOptionTests {
  private let folder: TemporaryFolder
  private let model: String

  private static let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

  init() throws {
    folder = try TemporaryFolder()
    let soft = TinyModel(
      nodes: [.init(operatorName: "SoftThreshold", inputs: ["x"], outputs: ["y", "left"], name: "soft")],
      weights: [], outputs: ["y", "left"])
    model = try folder.write("soft.onnx", soft.bytes)
  }

  private func library(_ name: String, source: String) throws -> String {
    let output = "\(folder.path)/\(name)"
    let status = system(
      "cc -shared -fPIC -I '\(Self.root)/Sources/CApusPlugin/include' '\(source)' -o '\(output)' -lm")
    try #require(status == 0)
    return output
  }

  @Test func everyVerbThatReadsModelsTakesLibraries() throws {
    let plugin = try library(
      "libsoft.so", source: "\(Self.root)/Examples/Plugins/soft_threshold.c")
    let x = "\(folder.path)/x.npy"
    try NPYFile.write(Tensor([1, -2, 0.25, 4] as [Float], shape: [1, 4]), to: x)
    let (clean, engine) = ("\(folder.path)/clean.onnx", "\(folder.path)/soft.engine")
    let verbs = [
      ["surgeon", "sanitize", model, "-o", clean],
      ["optimize", model, "-o", engine, "--deterministic"],
      ["run", engine, "--input", "x=\(x)"], ["inspect", engine],
      ["debug", "reduce", model, "-o", "\(folder.path)/reduced"],
    ]
    for verb in verbs {
      let result = try Command(verb + ["--plugin", plugin], in: folder)
      #expect(result.status == 0, "\(verb): \(result.errors)\(result.output)")
    }
    for verb in verbs.dropLast() where verb[0] != "inspect" {
      let failure = try Command(verb + ["--json"], in: folder).failure()
      #expect(failure.problems.contains { $0.description.contains("SoftThreshold") }, "\(verb)")
    }
  }

  @Test func librariesThatCrashEndNothingElse() throws {
    let source = try folder.write(
      "crash.c",
      Array(
        """
        #include <apus_plugin.h>
        #include <stdlib.h>
        const apus_plugin_library *apus_plugin_describe(uint32_t abi) { abort(); return 0; }
        """.utf8))
    let plugin = try library("libcrash.so", source: source)
    let result = try Command(["plugins", "--plugin", plugin, "--json"], in: folder)
    #expect(result.signal == nil && result.status == 65)
    let problem = try #require(try result.failure().problems.first)
    #expect(problem.file == plugin && problem.message.contains("ends the process"))
  }
}
