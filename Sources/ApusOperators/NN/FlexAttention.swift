public import ApusCore

/// Attention whose scores and probabilities may each pass a graph: `probabilityGraph(softmax(scoreGraph(q · kᵀ *
/// scale))) · v`.
///
/// Inputs: q, k, v `[batch, heads, length, size]`, then what the graphs capture. ONNX FlexAttention 1 of
/// `ai.onnx.preview`.
public struct FlexAttention: Operator {
  /// nil: one over the root of the head size.
  public var scale: Double?
  public var scoreGraph: Graph?
  public var probabilityGraph: Graph?
  /// Element type of scores and probabilities; nil: f64 for f64, else f32.
  public var softmaxPrecision: DType?

  public static var importers: [Importer] {
    [
      .onnx("FlexAttention", domain: "ai.onnx.preview") { node in
        var op = FlexAttention()
        op.scale = try node.float("scale")
        op.scoreGraph = try node.graph("score_mod")
        op.probabilityGraph = try node.graph("prob_mod")
        op.softmaxPrecision = try node.dtype("softmax_precision")
        return op
      }
    ]
  }

  public init() {}

  private func scoreType(_ input: DType) -> DType { softmaxPrecision ?? (input == .f64 ? .f64 : .f32) }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let (q, v) = (try context.floating(0), try context.floating(2))
    _ = try context.floating(1)
    guard let query = try context.shape(0, rank: 4...4), let key = try context.shape(1, rank: 4...4),
      let value = try context.shape(2, rank: 4...4)
    else { return [.tensor(v.dtype, nil)] }
    _ = try unified(query[3], key[3], "head size of query and key")
    _ = try unified(key[1], value[1], "heads of key and value")
    _ = try unified(key[2], value[2], "length of key and value")
    let scores = ValueType.tensor(scoreType(q.dtype), [query[0], query[1], query[2], key[2]])
    let captures = context.inputs.dropFirst(3).compactMap { $0 }
    for graph in [scoreGraph, probabilityGraph].compactMap({ $0 }) {
      let outputs = try graph.inferred(inputs: [scores] + captures, symbols: context.symbols).outputTypes
      try require(
        outputs.count == 1 && outputs[0].tensor?.dtype == scores.tensor?.dtype,
        "a graph gives \(outputs), not \(scores)")
    }
    return [.tensor(v.dtype, [query[0], query[1], query[2], value[3]])]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (q, v) = (try operands.tensor(0, rank: 4...4), try operands.tensor(2, rank: 4...4))
    let query = try Heads(q, heads: nil)
    let (key, value) = (try Heads(try operands.tensor(1, rank: 4...4), heads: nil), try Heads(v, heads: nil))
    try require(
      key.heads > 0 && query.heads % key.heads == 0 && key.heads == value.heads && key.length == value.length
        && query.size == key.size && query.batch == key.batch && query.batch == value.batch,
      "query, key and value do not fit each other")
    let captures = operands.values.dropFirst(3).compactMap { $0 }
    let type = scoreType(q.dtype)
    let factor = scale ?? 1 / Double(query.size).squareRoot()
    var scores = try run(scoreGraph, on: products(query, key, factor), type, captures)
    for start in stride(from: 0, to: scores.elements.count, by: max(key.length, 1)) {
      var row = Array(scores.elements[start..<start + key.length])
      softmaxRow(&row)
      scores.elements.replaceSubrange(start..<start + key.length, with: row)
    }
    scores = try run(probabilityGraph, on: scores, type, captures)
    var result = Heads(batch: query.batch, heads: query.heads, length: query.length, size: value.size)
    for sample in 0..<query.batch {
      for head in 0..<query.heads {
        for row in 0..<query.length {
          let start = scores.row(sample, head, row)
          accumulate(
            Array(scores.elements[start..<start + key.length]), value, sample,
            head / (query.heads / key.heads),
            into: &result.elements, at: result.row(sample, head, row))
        }
      }
    }
    return [.tensor(result.tensor(v.dtype))]
  }

  /// All scaled products of query and key rows.
  private func products(_ query: Heads, _ key: Heads, _ factor: Double) -> Heads {
    var scores = Heads(batch: query.batch, heads: query.heads, length: query.length, size: key.length)
    for sample in 0..<query.batch {
      for head in 0..<query.heads {
        for row in 0..<query.length {
          let (left, place) = (query.row(sample, head, row), scores.row(sample, head, row))
          for column in 0..<key.length {
            let right = key.row(sample, head / (query.heads / key.heads), column)
            var sum = 0.0
            for index in 0..<query.size { sum += query.elements[left + index] * key.elements[right + index] }
            scores.elements[place + column] = sum * factor
          }
        }
      }
    }
    return scores
  }

  private func run(_ graph: Graph?, on scores: Heads, _ type: DType, _ captures: [Value]) throws -> Heads {
    guard let graph else { return scores }
    let outputs = try GraphInterpreter(graph).run([.tensor(scores.tensor(type))] + captures)
    guard let result = outputs.first?.tensor, result.elementCount == scores.elements.count else {
      throw OperatorError(.shapeMismatch, "a graph changes the shape of the scores")
    }
    var changed = scores
    changed.elements = result.doubles()
    return changed
  }
}
