import Apus
import ApusCore
import ApusEngine
import ApusOperators
import Glibc
import Testing

/// Libraries built from C while the tests run.
@Suite struct PluginLibraryTests {
  private static let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

  /// Builds `source` (C text, or the path of a file) and returns the library's path.
  private func library(_ source: String, file: String? = nil) throws -> String {
    let base = "/tmp/apus-plugin-\(UInt32.random(in: 0 ... .max))"
    let path = file ?? base + ".c"
    if file == nil { try AtomicFile.write(Array(source.utf8), to: path) }
    let status = system(
      "cc -shared -fPIC -I '\(Self.root)/Sources/CApusPlugin/include' '\(path)' -o \(base).so -lm")
    try #require(status == 0)
    return base + ".so"
  }

  private func example() throws -> String {
    try library("", file: "\(Self.root)/Examples/Plugins/soft_threshold.c")
  }

  private func reason(_ source: String) throws -> String {
    let path = try library("#include <apus_plugin.h>\n#include <stdlib.h>\n#include <unistd.h>\n" + source)
    let error = #expect(throws: ApusError.self) {
      try PluginLibrary.load(path, into: PluginRegistry(), seconds: 1)
    }
    #expect(error?.exitCode == 65)
    #expect(error?.problems.first?.file == path)
    return error?.problems.first?.message ?? ""
  }

  @Test func exampleRunsInAnEngine() throws {
    let library = try example()
    let registry = PluginRegistry.shared
    try PluginLibrary.load(library, into: registry)
    let found = try registry.require("SoftThreshold")
    #expect(found.description.fields.map(\.typeText) == ["FLOAT32"])
    var network = Network(name: "library")
    let x = network.addInput("x", .f32, [.symbol("rows"), 3])
    let y = try network.addPlugin("SoftThreshold", inputs: [x], fields: ["lambda": .float(1)], outputs: 2)
    #expect(network.type(of: y[1]).description == "i32[rows]")
    for (value, name) in zip(y, ["y", "left"]) { try network.markOutput(value, name: name) }
    var options = BuildOptions()
    options.measures = false
    let path = library + ".engine"
    try network.build(options).save(to: path)
    let engine = try Engine(contentsOf: path)
    let session = try engine.makeSession()
    #expect(session.executable.plan.steps.map(\.kernel.kind) == ["cpu.plugin"])
    for rows in [1, 2] {
      let input = Tensor(
        Array(([3, -0.5, -2, 0, 1, 1.5] as [Float]).prefix(3 * rows)), shape: [rows, 3])
      let outputs = try session.run(["x": input])
      #expect(outputs["y"]?.doubles() == Array([2, -0, -1, 0, 0, 0.5].prefix(3 * rows)))
      #expect(outputs["left"]?.integers() == Array([2, 1].prefix(rows)))
    }
    // A library of the same identity with other code: the engine names both digests.
    let stamps = engine.header.plugins ?? []
    #expect(stamps.map(\.digest) == [found.description.digest])
    let other = PluginDescription("SoftThreshold", namespace: "example", digest: "0123")
    let changed = PluginRegistry([
      PluginCreator(other, operatorType: LibraryPlugin.self) { _ in LibraryPlugin() }
    ])
    let message = changed.problems(with: stamps, file: path).first?.message ?? ""
    #expect(message.contains("0123") && message.contains(found.description.digest))
  }

  @Test func inferenceOfALibraryRefuses() throws {
    try PluginLibrary.load(try example(), into: .shared)
    var network = Network(name: "library")
    let x = network.addInput("x", .f32, [4])
    let error = #expect(throws: ApusError.self) {
      try network.addPlugin("SoftThreshold", inputs: [x], outputs: 2, name: "soft")
    }
    #expect(error?.problems.first?.message == "the input must be FP32 [rows, columns]")
    #expect(error?.problems.first?.node == "soft")
  }

  @Test func missingSymbolIsRefused() throws {
    #expect(try reason("int other(void) { return 1; }").contains("no `apus_plugin_describe`"))
  }

  @Test func wrongVersionIsRefused() throws {
    let message = try reason(
      """
      static const apus_plugin_library library = {.abi = 77, .count = 1};
      const apus_plugin_library *apus_plugin_describe(uint32_t abi) { return &library; }
      """)
    #expect(message.contains("version 77") && message.contains("has 2"))
  }

  @Test func crashesAreRefused() throws {
    let head = "const apus_plugin_library *apus_plugin_describe(uint32_t abi) "
    #expect(try reason(head + "{ return (void *)(*(volatile long *)0 + 1); }").contains("Segmentation fault"))
    #expect(try reason(head + "{ abort(); return 0; }").contains("ends the process"))
    #expect(try reason(head + "{ _exit(0); return 0; }").contains("ends the process"))
    #expect(try reason(head + "{ return (void *)64; }").contains("ends the process"))
    #expect(try reason(head + "{ return NULL; }").contains("returns NULL"))
    #expect(try reason("__attribute__((constructor)) static void start(void) { abort(); }").contains("ends"))
  }

  @Test func hangsAreRefused() throws {
    let start = ContinuousClock.now
    let message = try reason(
      "const apus_plugin_library *apus_plugin_describe(uint32_t abi) { for (;;) sleep(1); return NULL; }")
    #expect(message.contains("takes longer than 1 s"))
    let busy = try reason(
      "const apus_plugin_library *apus_plugin_describe(uint32_t abi) { for (volatile int i = 0;;) i++; }")
    #expect(busy.contains("takes longer than 1 s"))
    #expect(ContinuousClock.now - start < .seconds(30))
  }

  @Test func malformedDescriptionsAreRefused() throws {
    let message = try reason(
      """
      static const apus_plugin plugins[] = {{.size = sizeof(apus_plugin), .name = "P", .version = "1",
        .name_space = "", .summary = "", .minimum_inputs = 1, .maximum_inputs = 1, .output_count = 1}};
      static const apus_plugin_library library = {.abi = APUS_PLUGIN_ABI, .count = 1, .plugins = plugins};
      const apus_plugin_library *apus_plugin_describe(uint32_t abi) { return &library; }
      """)
    #expect(message.contains("`infer` or `enqueue` is missing"))
  }

  private static let hasNVCC = system("command -v nvcc >/dev/null") == 0

  @Test(.enabled(if: hasNVCC, "nvcc is not installed")) func librariesOfCUDABuild() throws {
    let base = "/tmp/apus-plugin-\(UInt32.random(in: 0 ... .max))"
    let status = system(
      "nvcc -shared -Xcompiler -fPIC -I '\(Self.root)/Sources/CApusPlugin/include' "
        + "'\(Self.root)/Examples/Plugins/row_maximum.cu' -o \(base).so")
    try #require(status == 0)
    let found = try PluginFile.load(base + ".so", into: PluginRegistry())
    #expect(found.map(\.identity.name) == ["RowMaximum"])
  }

  @Test func otherFilesAreRefused() throws {
    let missing = #expect(throws: ApusError.self) {
      try PluginLibrary.load("/nowhere/plugin.so", into: PluginRegistry())
    }
    #expect(missing?.exitCode == 66)
    let error = #expect(throws: ApusError.self) {
      try PluginLibrary.load(#filePath, into: PluginRegistry())
    }
    #expect(error?.exitCode == 65)
  }
}
