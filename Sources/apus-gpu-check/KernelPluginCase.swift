import ApusCore
import ApusEngine
import ApusOperators

/// The `.cu` plugin of the examples on fresh rows, held against plain loops; run from the root of the repository.
func kernelPluginChecks() throws -> [GraphCheck] {
  try PluginFile.load("Examples/Plugins/row_normalize.cu", into: .shared)
  let op = try PluginRegistry.shared.require("RowNormalize").makeOperator(["epsilon": .float(0.25)])
  return try [(DType.f32, 37, 203), (.f16, 5, 64), (.f32, 1, 1)].map { dtype, rows, columns in
    let x = Tensor(doubles: random(rows * columns).map { Double($0) }, dtype, [rows, columns])
    let values = x.doubles()
    let lengths = (0..<rows).map { row in
      values[row * columns..<(row + 1) * columns].reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
    let expected = values.indices.map { values[$0] / max(lengths[$0 / columns], 0.25) }
    var graph = Graph(name: "case")
    let input = graph.addInput("x", .tensor(dtype, [.constant(rows), .constant(columns)]))
    let node = graph.addNode(op, [input], outputs: ["y", "length"])
    if let problem = graph.inferTypes().first { throw ApusError(.internal, problem) }
    graph.setOutputs(graph[node].outputs.compactMap { $0 })
    return GraphCheck(
      "kernel plugin \(dtype) \(rows)x\(columns)", graph, ["x": x],
      [
        "y": Tensor(doubles: expected, dtype, [rows, columns]),
        "length": Tensor(doubles: lengths, .f32, [rows]),
      ], required: ["KernelPlugin"])
  }
}
