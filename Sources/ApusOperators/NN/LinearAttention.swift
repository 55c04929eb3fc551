import Glibc

public import ApusCore

/// Attention as a recurrence over a state `[size, value size]` for each key head: the state decays, takes in
/// `k ⊗ v`, and is read by the query.
///
/// Inputs: query, key, value `[batch, length, heads·size]`, optional past state `[batch, kv heads, size, value size]`,
/// decay (logarithmic; a head or a feature each), beta (a head each, or one). Outputs: result and present state.
/// ONNX LinearAttention 27.
public struct LinearAttention: Operator {
  /// How the state takes in a new pair.
  public enum UpdateRule: String, Hashable, Sendable, Codable {
    case linear, gated, delta
    case gatedDelta = "gated_delta"

    var decays: Bool { self == .gated || self == .gatedDelta }
    /// Whether what the state already answers is taken off the value first.
    var corrects: Bool { self == .delta || self == .gatedDelta }
  }

  public var queryHeads = 1
  public var keyHeads = 1
  /// 0: one over the root of the head size.
  public var scale = 0.0
  public var updateRule = UpdateRule.gatedDelta

  public static var importers: [Importer] {
    [
      .onnx("LinearAttention", since: 27) { node in
        var op = LinearAttention()
        op.queryHeads = try node.require("q_num_heads", node.int("q_num_heads", in: Window.steps))
        op.keyHeads = try node.require("kv_num_heads", node.int("kv_num_heads", in: Window.steps))
        op.scale = try node.float("scale", default: 0)
        let rule = try node.string("update_rule", default: "gated_delta")
        guard let known = UpdateRule(rawValue: rule) else {
          throw OperatorError(
            .unsupportedAttribute, "unknown update rule", attribute: "update_rule", value: rule,
            allowed: "linear, gated, delta, gated_delta")
        }
        op.updateRule = known
        return op
      }
    ]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let (q, k, v) = (try context.floating(0), try context.floating(1), try context.floating(2))
    try checkHeads()
    try require(!updateRule.decays || context.isPresent(4), "the update rule needs a decay")
    try require(!updateRule.corrects || context.isPresent(5), "the update rule needs a beta")
    let state = context.optional(3)?.dtype ?? q.dtype
    for index in 0..<3 { _ = try context.shape(index, rank: 3...3) }
    guard let query = try Heads.shape(q.shape, heads: queryHeads),
      let key = try Heads.shape(k.shape, heads: keyHeads),
      let value = try Heads.shape(v.shape, heads: keyHeads)
    else { return [.tensor(q.dtype, nil), .tensor(state, nil)] }
    let batch = try unified(query[0], key[0], "batch")
    return [
      .tensor(q.dtype, [batch, query[2], query[1] * value[3]]),
      .tensor(state, [batch, key[1], try unified(query[3], key[3], "head size"), value[3]]),
    ]
  }

  private func checkHeads() throws {
    try require(
      keyHeads > 0 && queryHeads > 0 && queryHeads % keyHeads == 0, attribute: "q_num_heads",
      value: queryHeads,
      allowed: "a multiple of kv_num_heads (\(keyHeads))")
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    try checkHeads()
    let q = try operands.tensor(0, rank: 3...3)
    let query = try Heads(q, heads: queryHeads)
    let key = try Heads(try operands.tensor(1, rank: 3...3), heads: keyHeads)
    let value = try Heads(try operands.tensor(2, rank: 3...3), heads: keyHeads)
    let past = operands.optional(3)
    let stateShape = [query.batch, keyHeads, key.size, value.size]
    try require(
      past.map { $0.shape == stateShape } ?? true && query.size == key.size && query.length == key.length
        && key.length == value.length && key.batch == query.batch && value.batch == query.batch,
      "query, key, value and state do not fit each other")
    let decay = try updateRule.decays ? perStep(operands, 4, key, [keyHeads, keyHeads * key.size]) : nil
    let beta = try updateRule.corrects ? perStep(operands, 5, key, [keyHeads, 1]) : nil
    var state = past?.doubles() ?? [Double](repeating: 0, count: stateShape.elementCount)
    var result = Heads(batch: query.batch, heads: queryHeads, length: query.length, size: value.size)
    let factor = scale == 0 ? 1 / Double(key.size).squareRoot() : scale
    let cell = key.size * value.size
    for sample in 0..<query.batch {
      for place in 0..<query.length {
        for head in 0..<keyHeads {
          let start = (sample * keyHeads + head) * cell
          let k = key.elements[key.row(sample, head, place)...].prefix(key.size)
          let v = value.elements[value.row(sample, head, place)...].prefix(value.size)
          if let decay {
            for index in 0..<cell {
              state[start + index] *= exp(decay.at(sample, place, head, index / value.size))
            }
          }
          var taken = Array(v)
          if let beta {
            for column in 0..<value.size {
              var known = 0.0
              for (row, k) in k.enumerated() { known += state[start + row * value.size + column] * k }
              taken[column] = beta.at(sample, place, head, 0) * (taken[column] - known)
            }
          }
          for (row, k) in k.enumerated() {
            for column in 0..<value.size { state[start + row * value.size + column] += k * taken[column] }
          }
          for reader in head * (queryHeads / keyHeads)..<(head + 1) * (queryHeads / keyHeads) {
            let (from, to) = (query.row(sample, reader, place), result.row(sample, reader, place))
            for row in 0..<key.size {
              let weight = query.elements[from + row] * factor
              for column in 0..<value.size {
                result.elements[to + column] += weight * state[start + row * value.size + column]
              }
            }
          }
        }
      }
    }
    return [
      .tensor(result.merged(q.dtype)), .tensor(Tensor(doubles: state, past?.dtype ?? q.dtype, stateShape)),
    ]
  }

  /// Numbers given for each step: one for all heads, one a head, or one a feature of each head.
  private struct PerStep {
    let elements: [Double]
    let (length, heads, width): (Int, Int, Int)

    func at(_ sample: Int, _ place: Int, _ head: Int, _ feature: Int) -> Double {
      let start = (sample * length + place) * width
      if width == 1 { return elements[start] }
      return elements[start + (width == heads ? head : head * (width / heads) + feature)]
    }
  }

  private func perStep(_ operands: Operands, _ index: Int, _ key: Heads, _ widths: [Int]) throws -> PerStep {
    let tensor = try operands.tensor(index, rank: 3...3)
    let width = tensor.shape[2]
    try require(
      widths.contains(width) && tensor.shape[0] == key.batch && tensor.shape[1] == key.length,
      "input \(index) has the wrong shape \(tensor.shape)")
    return PerStep(elements: tensor.doubles(), length: key.length, heads: keyHeads, width: width)
  }
}
