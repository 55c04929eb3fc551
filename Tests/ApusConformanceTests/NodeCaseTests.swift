import ApusCore
import ApusONNX
import ApusOperators
import Testing

/// Every operator case of the `onnx` package through import, type inference and the references.
@Suite struct NodeCaseTests {
  /// Outside the scope of Apus: classical machine learning, training, picture files.
  static let outside = [
    "test_ai_onnx_ml_", "test_adagrad", "test_adam", "test_momentum", "test_nesterov_momentum",
    "test_image_decoder",
  ]

  static let cases = ONNXTestData.node.cases.filter { name in !outside.contains { name.hasPrefix($0) } }

  @Test(arguments: cases) func referencesGiveTheExpectedValues(_ name: String) throws {
    let data = ONNXTestData.node
    let imported = try ONNXModel.load(path: data.model(name)).importGraph(catalogue: .standard)
    let graph = imported.graph
    let interpreter = try GraphInterpreter(graph)
    for set in data.dataSets(name) {
      let types = graph.inputs.map { graph[$0].type }
      let inputs = try zip(data.files(set, "input"), types).map { try ONNXData.load(path: $0, as: $1) }
      let actual = try interpreter.run(inputs) { value, computed in
        let fault = mismatch(computed, value.type)
        #expect(fault == nil, "\(value.name): \(fault ?? "")")
      }
      let files = data.files(set, "output")
      #expect(actual.count == files.count)
      for ((value, file), output) in zip(zip(actual, files), graph.outputs) {
        let expected = try ONNXData.load(path: file, as: graph[output].type)
        if Self.isRandom(graph) {
          #expect(value.type == expected.type)
        } else {
          let fault = difference(value, expected)
          #expect(fault == nil, "\(graph[output].name): \(fault ?? "")")
        }
      }
    }
  }

  /// Whether results are drawn, so that only their types can be compared.
  private static func isRandom(_ graph: Graph) -> Bool {
    graph.allNodes.contains { node in
      guard node.op.traits.contains(.nondeterministic) else { return false }
      return !(node.op is Dropout) || node.inputs.count > 2
    }
  }
}
