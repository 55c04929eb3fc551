import ApusCore
import ApusOperators
import ApusOptimizer
import ApusTestSupport

/// The post-processing of a RetinaNet at 480x640: 57,600 anchors of 80 classes on five levels, decoded and suppressed.
struct RetinaNetCase {
  static let levels = [(60, 80, 8), (30, 40, 16), (15, 20, 32), (8, 10, 64), (4, 5, 128)]
  static let classes = 80

  var pictures = 1
  var dtype = DType.f32
  var isLogit = false
  /// A score at random.
  var score: @Sendable () -> Float
  var limit: Double?

  /// Mostly background, as trained models give; a few hundred of 4.6 million places exceed the threshold.
  static let trained: @Sendable () -> Float = {
    Float.random(in: 0...1) < 1e-4 ? Float.random(in: 0.05...1) : Float.random(in: 0...0.01)
  }
  /// Every place may be an object, as untrained models give.
  static let untrained: @Sendable () -> Float = { Float.random(in: 0...1) }

  private func decode(_ stride: Int) -> RetinaNetDecode {
    var op = RetinaNetDecode()
    op.stride = [stride, stride]
    op.anchors = (0..<9).flatMap { number -> [Float] in
      let size = Float(stride) * 4 * [1, 1.26, 1.587][number / 3]
      let ratio: Float = [0.7071, 1, 1.4142][number % 3]
      return [-size / ratio / 2, -size * ratio / 2, size / ratio / 2, size * ratio / 2]
    }
    return op
  }

  func check(_ label: String) throws -> GraphCheck {
    var graph = Graph(name: "retinanet")
    var (fed, parts): ([String: Tensor], [[ValueID]]) = ([:], [[], [], []])
    var results: [[Tensor]] = [[], [], []]
    for (number, (height, width, stride)) in Self.levels.enumerated() {
      let raw = tensor([pictures, 9 * Self.classes, height, width], dtype) { _ in score() }
      let deltas = tensor([pictures, 36, height, width], dtype) { _ in Float.random(in: -0.3...0.3) }
      var values: [ValueID] = []
      for (name, tensor) in [("scores", raw), ("deltas", deltas)] {
        fed["\(name)\(number)"] = tensor
        values.append(
          graph.addInput("\(name)\(number)", .tensor(dtype, tensor.shape.map { .constant($0) })))
      }
      var scores = raw
      if isLogit {
        let node = graph.addNode(Sigmoid(), [values[0]], outputs: ["p\(number)"])
        values[0] = graph[node].outputs[0] ?? values[0]
        scores = try Sigmoid().evaluate(Operands([raw])).first?.tensor ?? raw
      }
      let op = decode(stride)
      let node = graph.addNode(
        op, values.map { $0 }, outputs: ["s", "b", "c"].map { "\($0)\(number)" })
      for (index, output) in graph[node].outputs.enumerated() { output.map { parts[index].append($0) } }
      let decoded = try op.evaluate(Operands([scores, deltas], outputCount: 3))
      for (index, value) in decoded.enumerated() { value.tensor.map { results[index].append($0) } }
    }
    let joined = parts.enumerated().map { index, values -> ValueID? in
      let node = graph.addNode(Concat(axis: 1), values.map { $0 }, outputs: ["all\(index)"])
      return graph[node].outputs[0]
    }
    let nms = RetinaNetNMS()
    let node = graph.addNode(nms, joined, outputs: ["scores", "boxes", "classes", "count"])
    if let problem = graph.inferTypes().first { throw ApusError(.internal, problem) }
    graph.setOutputs(graph[node].outputs.compactMap { $0 })
    _ = try RuleSet("Combine", [FuseRetinaNetDetection()]).run(&graph, PassContext())
    graph.removeDead()
    let candidates = try results.map {
      try Concat(axis: 1).evaluate(Operands($0.map { Optional($0) })).first?.tensor
    }
    let final = try nms.evaluate(Operands(candidates, outputCount: 4)).map(\.tensor)
    var expected: [String: Tensor] = [:]
    for (name, tensor) in zip(["scores", "boxes", "classes", "count"], final) { expected[name] = tensor }
    return GraphCheck(label, graph, fed, expected, required: ["RetinaNetDetection"], limit: limit)
  }
}

/// All checks of graphs, group by group: inputs and references are made when a group's turn comes.
let graphChecks: [@Sendable () throws -> [GraphCheck]] = [
  { try retinaNetDecodeCases().map { try GraphCheck($0) } },
  { try retinaNetNMSCases().map { try GraphCheck($0) } },
  { try efficientNMSCases().map { try GraphCheck($0) } },
  { try batchedNMSCases().map { try GraphCheck($0) } },
  { try (retinaNetDetectionCases() + roiAlignCases()).map { try GraphCheck($0) } },
  { try (suppressionCases() + deformableCases()).map { try GraphCheck($0) } }, retinaNetChecks,
  kernelPluginChecks,
]

func retinaNetChecks() throws -> [GraphCheck] {
  // Logits of a trained model.
  let logit: @Sendable () -> Float = {
    Float.random(in: 0...1) < 1e-4 ? Float.random(in: -2.9...5) : Float.random(in: -10 ... -4)
  }
  return [
    try RetinaNetCase(score: RetinaNetCase.trained, limit: 30).check("retinanet 480x640 trained"),
    try RetinaNetCase(score: RetinaNetCase.untrained).check("retinanet 480x640 untrained"),
    try RetinaNetCase(isLogit: true, score: logit).check("retinanet 480x640 logits"),
    try RetinaNetCase(dtype: .f16, score: RetinaNetCase.trained).check("retinanet 480x640 trained f16"),
  ]
}
