public import ApusCore
import ApusOperators

/// Replaces FlexAttention by what it is made of; without graphs it is Attention.
///
/// ```
/// %y = FlexAttention(%q, %k, %v) {scoreGraph: f, probabilityGraph: g}
/// ```
/// becomes
/// ```
/// %t = Transpose(%k) {permutation: [0, 1, 3, 2]}
/// %m = MatMul(%q, %t)
/// %s = Mul(%m, scale)
/// %p = Softmax(f(%s)) {axis: -1}
/// %y = MatMul(g(%p), %v)
/// ```
public struct ReplaceFlexAttention: Rule {
  public struct Finding {
    let op: FlexAttention
    let inputs: [ValueID?]
    let scale: Double
    /// Type of scores and probabilities, and that of the result.
    let scores: DType
    let result: DType
  }

  public init() {}

  public var patterns: [Pattern] { [.op(FlexAttention.self, "y")] }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    let node = graph[match.node("y")]
    guard let op = node.op as? FlexAttention, node.inputs.count >= 3, let query = graph.shape(node.inputs[0]),
      let key = graph.shape(node.inputs[1]), let dtype = graph.dtype(node.inputs[0]),
      let result = graph.dtype(node.inputs[2]), let size = query.last?.value, size > 0
    else { throw Refusal("a type or the size of the heads is unknown") }
    let hasGraphs = op.scoreGraph != nil || op.probabilityGraph != nil
    guard !hasGraphs || query[1] == key[1] else { throw Refusal("query heads share key heads") }
    return Finding(
      op: op, inputs: node.inputs, scale: op.scale ?? 1 / Double(size).squareRoot(),
      scores: op.softmaxPrecision ?? (dtype == .f64 ? .f64 : .f32), result: result)
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    let y = match.value("y")
    guard finding.op.scoreGraph != nil || finding.op.probabilityGraph != nil else {
      var attention = Attention()
      attention.scale = finding.scale
      patch.replace(y, with: try patch.add(attention, Array(finding.inputs.prefix(3))))
      return
    }
    let wide = try finding.inputs.prefix(3).map { try patch.add(Cast(to: finding.scores), [$0]) }
    let captures = Array(finding.inputs.dropFirst(3))
    let transposed = try patch.add(Transpose([0, 1, 3, 2]), [wide[1]])
    let products = try patch.add(MatMul(), [wide[0], transposed])
    let scale = patch.constant(Tensor(doubles: [finding.scale], finding.scores, []))
    var scores = try patch.add(Mul(), [products, scale])
    if let graph = finding.op.scoreGraph { scores = try inline(graph, [scores] + captures, &patch) }
    scores = try patch.add(Softmax(axis: -1), [scores])
    if let graph = finding.op.probabilityGraph { scores = try inline(graph, [scores] + captures, &patch) }
    let result = try patch.add(MatMul(), [scores, wide[2]])
    patch.replace(y, with: try patch.add(Cast(to: finding.result), [result]))
  }

  /// The nodes of a graph with one output in the place of a call.
  private func inline(_ graph: Graph, _ inputs: [ValueID?], _ patch: inout Patch) throws -> ValueID {
    var values: [ValueID: ValueID] = [:]
    for (inner, outer) in zip(graph.inputs, inputs) { if let outer { values[inner] = outer } }
    for value in graph.allValues where values[value.id] == nil {
      if let tensor = value.constant { values[value.id] = patch.constant(tensor, name: value.name) }
    }
    for id in graph.topologicalOrder() ?? [] {
      let node = graph[id]
      let outputs = try patch.add(
        node.op, node.inputs.map { $0.flatMap { values[$0] } }, outputs: node.outputs.count)
      for (old, new) in zip(node.outputs, outputs) { if let old { values[old] = new } }
    }
    guard let output = graph.outputs.first, let value = values[output] else {
      throw ApusError(.internal, Problem(.internalError, "a graph of FlexAttention has no output"))
    }
    return value
  }
}
