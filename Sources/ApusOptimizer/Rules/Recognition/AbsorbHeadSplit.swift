public import ApusCore
import ApusOperators

/// Lets attention read heads where the projections left them, and write them where the next one reads them.
///
/// ```
/// %q: f32[b,12,s,64] = Transpose(%x: f32[b,s,12,64]) {permutation: [0, 2, 1, 3]}
/// %a = ScaledDotProductAttention(%q, %k, %v)
/// %y: f32[b,s,12,64] = Transpose(%a) {permutation: [0, 2, 1, 3]}
/// ```
/// with k and v transposed alike, becomes
/// ```
/// %r: f32[b,s,768] = Reshape(%x, {0, 0, 768})
/// %a: f32[b,s,768] = ScaledDotProductAttention(%r, …) {heads: 12}
/// %y: f32[b,s,12,64] = Reshape(%a, {0, 0, 12, 64})
/// ```
public struct AbsorbHeadSplit: Rule {
  public struct Finding {
    let heads: Int
    let op: ScaledDotProductAttention
    let inputs: [(value: ValueID, target: [Int64])]
    let mask: ValueID?
    let target: [Int64]
    let nodes: [NodeID]
  }

  public init() {}

  private static let order = [0, 2, 1, 3]

  public var patterns: [Pattern] {
    let attention = Pattern.op(
      ScaledDotProductAttention.self, "a",
      [
        .op(Transpose.self, "tq", [.value("q")], shared: true),
        .op(Transpose.self, "tk", [.value("k")], shared: true),
        .op(Transpose.self, "tv", [.value("v")], shared: true), .optional(.value("mask")),
      ])
    return [.op(Transpose.self, "y", [attention])]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    guard let op = graph[match.node("a")].op as? ScaledDotProductAttention, op.heads == 0 else {
      throw Refusal("the heads are split already")
    }
    for name in ["y", "tq", "tk", "tv"] {
      guard (try? (graph[match.node(name)].op as? Transpose)?.axes(rank: 4)) == Self.order else {
        throw Refusal("'\(graph[match.node(name)].name)' does not exchange heads and length")
      }
    }
    var inputs: [(value: ValueID, target: [Int64])] = []
    for name in ["q", "k", "v"] {
      let value = match.value(name)
      guard let shape = graph.shape(value), shape[2].value != nil, shape[3].value != nil,
        let target = ReshapeTarget.sizes(from: shape, to: [shape[0], shape[1], shape[2] * shape[3]])
      else { throw Refusal("heads or head size are not fixed") }
      inputs.append((value, target))
    }
    guard let heads = graph.shape(match.value("q"))?[2].value, let result = graph.shape(match.value("y")),
      let target = ReshapeTarget.sizes(from: [result[0], result[1], result[2] * result[3]], to: result)
    else { throw Refusal("the result's shape cannot be written down") }
    return Finding(
      heads: heads, op: op, inputs: inputs, mask: match.optional("mask"), target: target,
      nodes: ["tq", "tk", "tv"].map { match.node($0) })
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    var inputs: [ValueID?] = []
    for (value, target) in finding.inputs {
      inputs.append(try patch.add(Reshape(), [value, patch.constant(Tensor(target))]))
    }
    if let mask = finding.mask { inputs.append(mask) }
    var op = finding.op
    op.heads = finding.heads
    let attention = try patch.add(op, inputs, name: patch.graph[match.node("a")].name)
    let result = try patch.add(Reshape(), [attention, patch.constant(Tensor(finding.target))])
    patch.replace(match.value("y"), with: result)
  }
}
