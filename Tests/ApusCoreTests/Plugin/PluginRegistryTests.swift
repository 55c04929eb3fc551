import ApusCore
import Testing

/// Multiplies by a field.
private struct Scale: Plugin {
  var factor: Float = 1

  static let plugin = PluginDescription(
    "Scale", version: "2", namespace: "mine", summary: "Multiplies", inputs: ["x"], outputs: ["y"],
    fields: [
      PluginField("factor", .float32, "what to multiply by"),
      PluginField("modes", .string, count: 0...2, default: .list([]), "names"),
    ])

  init() {}
  init(fields: PluginFields) throws { factor = fields.float("factor") }

  func infer(_ context: InferenceContext) throws -> [ValueType] { [.tensor(try context.tensor(0))] }
  func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0)
    return [.tensor(Tensor(doubles: x.doubles().map { $0 * Double(factor) }, x.dtype, x.shape))]
  }
}

@Suite struct PluginRegistryTests {
  private func error(_ body: () throws -> Void) -> OperatorError? {
    do { try body() } catch { return error as? OperatorError }
    return nil
  }

  @Test func findsByNameVersionAndNamespace() throws {
    let registry = PluginRegistry()
    try registry.register(Scale.self)
    try registry.register(Scale.self)
    #expect(registry.all.count == 1)
    #expect(registry.find("Scale")?.identity == PluginIdentity("Scale", version: "2", namespace: "mine"))
    #expect(registry.find("Scale", version: "1") == nil)
    #expect(registry.find("Scale", version: "2", namespace: "mine") != nil)
    let missing = error { _ = try registry.require("Scalle") }
    #expect(missing?.id == .pluginMissing)
    #expect(missing?.fix?.contains("did you mean Scale") ?? false)
    let version = error { _ = try registry.require("Scale", version: "7") }
    #expect(version?.allowed == "mine::Scale version 2")
  }

  @Test func theNewestVersionAndTheEmptyNamespaceWin() throws {
    let registry = PluginRegistry()
    for (version, space) in [("2", ""), ("10", ""), ("11", "other")] {
      let description = PluginDescription(
        "P", version: version, namespace: space, fields: Scale.plugin.fields)
      try registry.register(PluginCreator(description, operatorType: Scale.self) { try Scale(fields: $0) })
    }
    #expect(registry.find("P")?.identity.version == "10")
    #expect(registry.find("P", namespace: "other")?.identity.version == "11")
  }

  @Test func fieldsAreTyped() throws {
    let registry = PluginRegistry()
    try registry.register(Scale.self)
    let creator = try registry.require("Scale")
    #expect(try (creator.makeOperator(["factor": .int(3)]) as? Scale)?.factor == 3)
    #expect(error { _ = try creator.makeOperator([:]) }?.attribute == "factor")
    #expect(error { _ = try creator.makeOperator(["factor": .string("3")]) }?.allowed == "FLOAT32")
    #expect(error { _ = try creator.makeOperator(["factor": .list([.int(1), .int(2)])]) } != nil)
    let names = AttributeValue.list([.string("a"), .string("b"), .string("c")])
    #expect(error { _ = try creator.makeOperator(["factor": .int(1), "modes": names]) }?.value == "3")
    let unknown = error { _ = try creator.makeOperator(["factr": .int(1)]) }
    #expect(unknown?.attribute == "factr")
    #expect(unknown?.fix == "did you mean factor?")
  }

  @Test func enginesNoteTheirPlugins() throws {
    let registry = PluginRegistry()
    try registry.register(Scale.self)
    var graph = Graph()
    let x = graph.addInput("x", .tensor(.f32, [2]))
    let node = graph.addNode(Scale(), [x], outputs: ["y"])
    #expect(graph.inferTypes().isEmpty)
    graph.setOutputs(graph[node].outputs.compactMap { $0 })
    let stamps = registry.stamps(for: graph)
    #expect(stamps.map(\.identity.name) == ["Scale"])
    #expect(registry.problems(with: stamps, file: "a.engine").isEmpty)
    let missing = PluginRegistry().problems(with: stamps, file: "a.engine")
    #expect(missing.first?.id == .pluginMissing)
    var other = stamps
    other[0].digest = "00"
    let changed = try #require(registry.problems(with: other, file: "a.engine").first)
    #expect(changed.id == .pluginInvalid)
    #expect(changed.message.contains("00") && changed.message.contains(stamps[0].digest))
  }

  @Test func twoPluginsOfOneIdentityAreRefused() throws {
    let registry = PluginRegistry()
    try registry.register(Scale.self)
    let other = PluginDescription("Scale", version: "2", namespace: "mine", digest: "another")
    #expect(throws: ApusError.self) {
      try registry.register(PluginCreator(other, operatorType: Scale.self) { try Scale(fields: $0) })
    }
  }
}
