import Glibc

public import ApusCore

/// Scaled dot-product attention `softmax(q · kᵀ * scale + mask) · v`, with several query heads a key head.
///
/// Inputs: q, k, v as `[batch, heads, length, size]` or `[batch, length, heads·size]`; optional mask (bool, or a float
/// that is added) that broadcasts to `[batch, heads, q length, total length]`, past key and value
/// `[batch, kv heads, past, size]`, number of keys in use `[batch]`. Outputs: the result in q's form, present key and
/// value, and the scores at the stage `scoresStage`. ONNX Attention 23, 24.
public struct Attention: Operator {
  /// What the fourth output shows.
  public enum ScoresStage: Int, Hashable, Sendable, Codable {
    case products, softcapped, masked, softmax
  }

  public var queryHeads: Int?
  public var keyHeads: Int?
  /// nil: one over the root of the head size.
  public var scale: Double?
  public var causal = false
  /// Scores pass `softcap * tanh(x / softcap)`; 0: they do not.
  public var softcap = 0.0
  public var scoresStage = ScoresStage.products
  /// Element type in which the softmax may round; the reference does not.
  public var softmaxPrecision: DType?

  public static var importers: [Importer] {
    [
      .onnx("Attention", since: 23) { node in
        var op = Attention()
        op.queryHeads = try node.int("q_num_heads", in: Window.steps)
        op.keyHeads = try node.int("kv_num_heads", in: Window.steps)
        op.scale = try node.float("scale")
        op.causal = try node.bool("is_causal", default: false)
        op.softcap = try node.float("softcap", default: 0)
        let mode = try node.int("qk_matmul_output_mode", default: 0)
        guard let stage = ScoresStage(rawValue: mode) else {
          throw OperatorError(
            .unsupportedAttribute, "unknown mode", attribute: "qk_matmul_output_mode", value: String(mode),
            allowed: "0, 1, 2, 3")
        }
        op.scoresStage = stage
        op.softmaxPrecision = try node.dtype("softmax_precision")
        return op
      }
    ]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let (q, k, v) = (try context.floating(0), try context.floating(1), try context.floating(2))
    let query = try Heads.shape(q.shape, heads: queryHeads)
    let key = try Heads.shape(k.shape, heads: keyHeads)
    let value = try Heads.shape(v.shape, heads: keyHeads)
    guard let query, let key, let value else {
      return [.tensor(q.dtype, nil), .tensor(k.dtype, nil), .tensor(v.dtype, nil), .tensor(q.dtype, nil)]
    }
    let batch = try unified(try unified(query[0], key[0], "batch"), value[0], "batch")
    let heads = try unified(key[1], value[1], "heads of key and value")
    if let many = query[1].value, let few = heads.value {
      try require(few > 0 && many % few == 0, "\(many) query heads do not share \(few) key heads evenly")
    }
    let size = try unified(query[3], key[3], "head size of query and key")
    let length = try unified(key[2], value[2], "length of key and value")
    let past = try context.shape(4, rank: 4...4) ?? (context.isPresent(4) ? nil : [0, 0, 0, 0])
    let total = past.map { $0[2] + length } ?? context.fresh("total")
    let result: Shape =
      q.rank == 3 ? [batch, query[2], query[1] * value[3]] : [batch, query[1], query[2], value[3]]
    return [
      .tensor(q.dtype, result), .tensor(k.dtype, [batch, heads, total, size]),
      .tensor(v.dtype, [batch, heads, total, value[3]]),
      .tensor(q.dtype, [batch, query[1], query[2], total]),
    ]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (q, k, v) = (try operands.tensor(0), try operands.tensor(1), try operands.tensor(2))
    let query = try Heads(q, heads: queryHeads)
    var (key, value) = (try Heads(k, heads: keyHeads), try Heads(v, heads: keyHeads))
    let past = operands.optional(4)?.shape
    if let cache = operands.optional(4) { key = try Heads(cache, heads: nil).appending(key) }
    if let cache = operands.optional(5) { value = try Heads(cache, heads: nil).appending(value) }
    try require(
      key.heads > 0 && query.heads % key.heads == 0 && key.heads == value.heads && key.length == value.length
        && query.size == key.size && query.batch == key.batch && query.batch == value.batch,
      "query, key and value do not fit each other")
    let mask = try operands.optional(3).map {
      try AttentionMask($0, batch: query.batch, heads: query.heads, rows: query.length, columns: key.length)
    }
    var result = Heads(batch: query.batch, heads: query.heads, length: query.length, size: value.size)
    var shown = Heads(batch: query.batch, heads: query.heads, length: query.length, size: key.length)
    let used = operands.optional(6)?.integers()
    for sample in 0..<query.batch {
      let limit = used.map { sample < $0.count ? Int($0[sample]) : key.length } ?? key.length
      for head in 0..<query.heads {
        let shared = head / (query.heads / key.heads)
        for row in 0..<query.length {
          var scores = products(query, key, sample, head, shared, row)
          let place = shown.row(sample, head, row)
          func show(_ stage: ScoresStage) {
            guard stage == scoresStage else { return }
            for column in scores.indices { shown.elements[place + column] = scores[column] }
          }
          show(.products)
          if softcap > 0 {
            for column in scores.indices { scores[column] = softcap * tanh(scores[column] / softcap) }
          }
          show(.softcapped)
          for column in scores.indices {
            if let mask { scores[column] += mask[sample, head, row, column] }
            if column >= limit || (causal && column > row + (past?[2] ?? 0)) { scores[column] = -.infinity }
          }
          show(.masked)
          softmaxRow(&scores)
          show(.softmax)
          accumulate(scores, value, sample, shared, into: &result.elements, at: result.row(sample, head, row))
        }
      }
    }
    return [
      .tensor(q.rank == 3 ? result.merged(q.dtype) : result.tensor(q.dtype)), .tensor(key.tensor(k.dtype)),
      .tensor(value.tensor(v.dtype)), .tensor(shown.tensor(q.dtype)),
    ]
  }

  /// Scaled products of one query row with all keys.
  private func products(
    _ query: Heads, _ key: Heads, _ sample: Int, _ head: Int, _ shared: Int, _ row: Int
  ) -> [Double] {
    let scale = scale ?? 1 / Double(query.size).squareRoot()
    let (left, right) = (query.row(sample, head, row), key.row(sample, shared, 0))
    return (0..<key.length).map { column in
      var sum = 0.0
      for index in 0..<query.size {
        sum += query.elements[left + index] * key.elements[right + column * key.size + index]
      }
      return sum * scale
    }
  }
}

/// Adds the rows of `value`, weighted, to the row at `start`.
func accumulate(
  _ weights: [Double], _ value: Heads, _ sample: Int, _ head: Int, into result: inout [Double], at start: Int
) {
  for (column, weight) in weights.enumerated() {
    let from = value.row(sample, head, column)
    for index in 0..<value.size { result[start + index] += weight * value.elements[from + index] }
  }
}

/// A mask as numbers to add, read by batch element, head, row and column.
struct AttentionMask {
  private let elements: [Double]
  private let strides: [Int]
  private let columns: Int

  /// A mask with fewer columns than there are keys hides the rest.
  init(_ mask: Tensor, batch: Int, heads: Int, rows: Int, columns: Int) throws {
    let own = mask.shape.last ?? 0
    try require(own <= columns && mask.rank >= 1, "a mask of \(mask.shape) for \(columns) keys")
    let target = [batch, heads, rows, own]
    try require(
      (try? Broadcasting.shape([mask.shape, target])) == target,
      "mask \(mask.shape) does not broadcast to \(target)")
    strides = Broadcasting.strides(of: mask.shape, over: target)
    self.columns = own
    elements =
      mask.dtype == .bool ? mask.integers().map { $0 == 0 ? -.infinity : 0 } : mask.doubles()
  }

  subscript(sample: Int, head: Int, row: Int, column: Int) -> Double {
    guard column < columns else { return -.infinity }
    return elements[sample * strides[0] + head * strides[1] + row * strides[2] + column * strides[3]]
  }
}
