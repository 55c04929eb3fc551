public import ApusCore
import ApusOperators

/// Lets attention read query, key and value where one product left them.
///
/// ```
/// %x: f32[b,s,3,12,64] = Reshape(%p: f32[b,s,2304], {0, 0, 3, 12, 64})
/// %q, %k, %v = Split(%x) {axis: 2}
/// %y: f32[b,s,768] = ScaledDotProductAttention(Reshape(%q), Reshape(%k), Reshape(%v)) {heads: 12}
/// ```
/// becomes
/// ```
/// %y: f32[b,s,768] = PackedAttention(%p) {attention: {heads: 12, …}}
/// ```
/// The Split may also cut the last of three axes.
public struct PackSplitAttention: Rule {
  public struct Finding {
    let attention: PackableAttention
    /// What is split, and the shape to give it; nil: it has it.
    let source: ValueID
    let target: [Int64]?
    let absorbed: [NodeID]
  }

  public init() {}

  public var patterns: [Pattern] {
    [
      .op(
        ScaledDotProductAttention.self, "a",
        [.value("q"), .value("k"), .value("v"), .optional(.value("mask"))])
    ]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    let attention = try PackableAttention(match.node("a"), in: graph)
    var absorbed: [NodeID] = []
    var splits: Set<NodeID> = []
    for (index, operand) in attention.operands.enumerated() {
      var part = operand
      if let node = graph.producer(of: part), node.op is Reshape, let before = node.inputs.first ?? nil {
        absorbed.append(node.id)
        part = before
      }
      guard let node = graph.producer(of: part), node.op is Split, node.outputs.count == 3,
        node.outputs[index] == part
      else { throw Refusal("query, key and value are not the three parts of a Split in this order") }
      guard graph.soleUser(of: part) != nil else {
        throw Refusal("'\(graph[part].name)' is also read elsewhere")
      }
      splits.insert(node.id)
    }
    guard splits.count == 1, let id = splits.first, let split = graph[id].op as? Split,
      let source = graph[id].inputs.first ?? nil, let shape = graph.shape(source)
    else { throw Refusal("query, key and value are parts of different tensors") }
    // Axes behind the cut are flattened in their order, so that parts lie side by side in each row.
    guard (try? normalizedAxis(split.axis, rank: shape.count)) == 2, shape[0] == attention.shape[0],
      shape[1] == attention.shape[1]
    else { throw Refusal("the Split does not cut the features behind batch and length") }
    return try finding(attention, source, shape, absorbed + [id], in: graph)
  }

  private func finding(
    _ attention: PackableAttention, _ source: ValueID, _ shape: Shape, _ absorbed: [NodeID], in graph: Graph
  ) throws(Refusal) -> Finding {
    let wanted: Shape = [shape[0], shape[1], attention.shape[2] * 3]
    if shape == wanted {
      return Finding(attention: attention, source: source, target: nil, absorbed: absorbed)
    }
    if let reshape = graph.producer(of: source), reshape.op is Reshape,
      let before = reshape.inputs.first ?? nil, graph.shape(before) == wanted
    {
      return Finding(
        attention: attention, source: before, target: nil, absorbed: absorbed + [reshape.id])
    }
    guard let target = ReshapeTarget.sizes(from: shape, to: wanted) else {
      throw Refusal("the packed shape cannot be written down")
    }
    return Finding(attention: attention, source: source, target: target, absorbed: absorbed)
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    patch.absorb(finding.absorbed)
    var packed = finding.source
    if let target = finding.target {
      packed = try patch.add(Reshape(), [packed, patch.constant(Tensor(target))])
    }
    try finding.attention.replace(with: packed, &patch)
  }
}
