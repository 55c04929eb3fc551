public import ApusCore

/// `softmax(q · kᵀ * scale + mask) · v` for each head, as many query heads as key heads.
///
/// With `heads` 0 the inputs are q `[batch, heads, length, size]`, k `[batch, heads, keys, size]`, v
/// `[batch, heads, keys, value size]`, and the result is `[batch, heads, length, value size]`. With `heads` given the
/// heads lie within the last axis: q `[batch, length, heads * size]` and so on, the result
/// `[batch, length, heads * value size]`. The optional mask broadcasts to `[batch, heads, length, keys]`: numbers are
/// added, bools tell what is seen. What attention taken apart by exporters becomes.
public struct ScaledDotProductAttention: SampledReference {
  public var scale = 1.0
  public var heads = 0
  /// Whether probabilities that are NaN count as 0: how exporters guard rows in which all is masked.
  public var zeroesNaN = false

  public init() {}
  public init(scale: Double, heads: Int = 0, zeroesNaN: Bool = false) {
    self.scale = scale
    self.heads = heads
    self.zeroesNaN = zeroesNaN
  }

  private var splitHeads: Int? { heads > 0 ? heads : nil }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let q = try context.floating(0)
    for index in 1..<3 {
      _ = try context.tensor(index)
      try context.expect(q.dtype, at: index)
    }
    try require(heads >= 0, attribute: "heads", value: heads, allowed: "0 and more")
    if let mask = context.optional(3), mask.dtype != .bool { try context.expect(q.dtype, at: 3) }
    let rank = heads > 0 ? 3 : 4
    let shapes = try (0..<3).map {
      try Heads.shape(try context.shape($0, rank: rank...rank), heads: splitHeads)
    }
    guard let query = shapes[0], let key = shapes[1], let value = shapes[2] else {
      return [.tensor(q.dtype, nil)]
    }
    let batch = try unified(try unified(query[0], key[0], "batch"), value[0], "batch")
    let heads = try unified(try unified(query[1], key[1], "heads"), value[1], "heads")
    _ = try unified(query[3], key[3], "head size of query and key")
    _ = try unified(key[2], value[2], "length of key and value")
    return [
      .tensor(
        q.dtype, rank == 3 ? [batch, query[2], heads * value[3]] : [batch, heads, query[2], value[3]])
    ]
  }

  /// The operands by head.
  private struct Parts {
    let (query, key, value): (Heads, Heads, Heads)
    let mask: AttentionMask?
    let scale: Double
    let zeroesNaN: Bool

    init(_ op: ScaledDotProductAttention, _ operands: Operands) throws {
      query = try Heads(try operands.tensor(0), heads: op.splitHeads)
      key = try Heads(try operands.tensor(1), heads: op.splitHeads)
      value = try Heads(try operands.tensor(2), heads: op.splitHeads)
      let (query, key, value) = (query, key, value)
      try require(
        query.batch == key.batch && query.batch == value.batch && query.heads == key.heads
          && query.heads == value.heads && key.length == value.length && query.size == key.size,
        "query, key and value do not fit each other")
      mask = try operands.optional(3).map {
        try AttentionMask($0, batch: query.batch, heads: query.heads, rows: query.length, columns: key.length)
      }
      (scale, zeroesNaN) = (op.scale, op.zeroesNaN)
    }

    /// How much each key counts for one query.
    func probabilities(_ sample: Int, _ head: Int, _ row: Int) -> [Double] {
      let (left, right) = (query.row(sample, head, row), key.row(sample, head, 0))
      var scores = (0..<key.length).map { column in
        var sum = 0.0
        for index in 0..<query.size {
          sum += query.elements[left + index] * key.elements[right + column * key.size + index]
        }
        return sum * scale + (mask?[sample, head, row, column] ?? 0)
      }
      softmaxRow(&scores)
      return zeroesNaN ? scores.map { $0.isNaN ? 0 : $0 } : scores
    }
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let parts = try Parts(self, operands)
    let query = parts.query
    var result = Heads(batch: query.batch, heads: query.heads, length: query.length, size: parts.value.size)
    for sample in 0..<query.batch {
      for head in 0..<query.heads {
        for row in 0..<query.length {
          accumulate(
            parts.probabilities(sample, head, row), parts.value, sample, head, into: &result.elements,
            at: result.row(sample, head, row))
        }
      }
    }
    let dtype = try operands.tensor(0).dtype
    return [.tensor(heads > 0 ? result.merged(dtype) : result.tensor(dtype))]
  }

  public func evaluate(at positions: [[Int]], of output: Int, _ operands: Operands) throws -> [Double] {
    let parts = try Parts(self, operands)
    let (query, size) = (parts.query, parts.value.size)
    let shape =
      heads > 0
      ? [query.batch, query.length, query.heads * size] : [query.batch, query.heads, query.length, size]
    return try positions.map { position in
      try checkPosition(position, in: shape)
      let (head, row, column) =
        heads > 0
        ? (position[2] / size, position[1], position[2] % size) : (position[1], position[2], position[3])
      let weights = parts.probabilities(position[0], head, row)
      let start = parts.value.row(position[0], head, 0) + column
      return weights.indices.reduce(0.0) { $0 + weights[$1] * parts.value.elements[start + $1 * size] }
    }
  }
}
