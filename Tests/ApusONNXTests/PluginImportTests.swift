import ApusCore
import ApusOperators
import FoundationEssentials
import SwiftProtobuf
import Testing

@testable import ApusONNX

@Suite struct PluginImportTests {
  /// An EfficientNMS_TRT node behind two inputs.
  private func model(domain: String, _ attributes: [Onnx_AttributeProto]) throws -> ImportedModel {
    let node = Make.node(
      "EfficientNMS_TRT", ["boxes", "scores"], ["count", "kept", "values", "classes"], domain: domain,
      attributes)
    let graph = Make.graph(
      [node], inputs: [Make.value("boxes", ["n", 50, 4]), Make.value("scores", ["n", 50, 3])],
      outputs: ["count", "kept", "values", "classes"])
    return try Make.model(graph).loaded().importGraph(
      catalogue: .standard, options: ImportOptions(plugins: .shared))
  }

  private func attribute(_ name: String, int value: Int64) -> Onnx_AttributeProto {
    .with { ($0.name, $0.type, $0.i) = (name, .int, value) }
  }

  private func attribute(_ name: String, float value: Float) -> Onnx_AttributeProto {
    .with { ($0.name, $0.type, $0.f) = (name, .float, value) }
  }

  private func attribute(_ name: String, string value: String) -> Onnx_AttributeProto {
    .with { ($0.name, $0.type, $0.s) = (name, .string, Data(value.utf8)) }
  }

  @Test(arguments: ["tensorrt", "TRT", "mmdeploy", ""]) func anyDomain(domain: String) throws {
    let imported = try model(
      domain: domain,
      [
        attribute("max_output_boxes", int: 7), attribute("score_threshold", float: 0.125),
        attribute("plugin_version", string: "1"), attribute("plugin_namespace", string: ""),
      ])
    let op = try #require(imported.graph.allNodes.first?.op as? EfficientNMS)
    #expect(op.maxOutputBoxes == 7)
    #expect(op.scoreThreshold == 0.125)
    let types = imported.graph.outputs.map { imported.graph[$0].type.description }
    #expect(types == ["i32[n,1]", "f32[n,7,4]", "f32[n,7]", "i32[n,7]"])
    let text = imported.graph.description
    #expect(try GraphParser.parse(text, catalogue: .standard, constants: []).description == text)
  }

  @Test func unknownAttributesAndVersionsAreNamed() throws {
    let wrongField = #expect(throws: ApusError.self) {
      try model(domain: "TRT", [attribute("score_treshold", float: 0.1), attribute("other", int: 1)])
    }
    let problem = try #require(wrongField?.problems.first)
    #expect(problem.attribute == "other, score_treshold")
    #expect(problem.fix?.contains("score_threshold") ?? false)
    #expect(wrongField?.exitCode == 65)
    let wrongVersion = #expect(throws: ApusError.self) {
      try model(domain: "TRT", [attribute("plugin_version", string: "9")])
    }
    #expect(wrongVersion?.problems.first?.id == .pluginMissing)
    #expect(wrongVersion?.problems.first?.message.contains("version 9") ?? false)
    #expect(throws: ApusError.self) { try model(domain: "TRT", [attribute("box_coding", int: 2)]) }
    for most in [0, -1, Int64(Int32.max)] {
      #expect(throws: ApusError.self) { try model(domain: "TRT", [attribute("max_output_boxes", int: most)]) }
    }
    #expect(throws: ApusError.self) { try model(domain: "TRT", [attribute("box_coding", string: "corner")]) }
  }
}
