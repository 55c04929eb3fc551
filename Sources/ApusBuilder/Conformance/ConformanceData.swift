import ApusCore
import ApusONNX

extension ConformanceCase {
  /// Inputs and expected outputs, one pair a data set.
  func samples(for graph: Graph) throws -> [(inputs: [Value], outputs: [Value])] {
    if !outputFiles.isEmpty {
      let outputs = try zip(outputFiles, graph.outputs).map {
        try ONNXData.load(path: $0, as: graph[$1].type)
      }
      return [(graph.inputs.map { .tensor(Self.ramp(graph[$0].type)) }, outputs)]
    }
    return try dataSets.map { folder in
      func read(_ kind: String, _ ids: [ValueID]) throws -> [Value] {
        try ids.enumerated().map { try ONNXData.load(path: "\(folder)/\(kind)_\($0).pb", as: graph[$1].type) }
      }
      return (try read("input", graph.inputs), try read("output", graph.outputs))
    }
  }

  /// `arange(n) / n`, the input of models that come without one.
  private static func ramp(_ type: ValueType) -> Tensor {
    let shape = (type.tensor?.shape ?? []).map { $0.value ?? 1 }
    let count = shape.elementCount
    return Tensor(doubles: (0..<count).map { Double($0) / Double(count) }, type.tensor?.dtype ?? .f32, shape)
  }

  /// A case again with all inputs but the first as initializers, as models have their weights; nil where it does not
  /// apply.
  static func withConstants(_ graph: Graph, _ inputs: [Value]) -> (graph: Graph, inputs: [Value])? {
    guard inputs.count > 1, inputs.allSatisfy({ $0.tensor != nil }) else { return nil }
    var result = graph
    for (id, value) in zip(graph.inputs, inputs).dropFirst() {
      guard let tensor = value.tensor else { return nil }
      result.bindInput(id, to: tensor)
    }
    return result.inferTypes().isEmpty ? (result, [inputs[0]]) : nil
  }
}
