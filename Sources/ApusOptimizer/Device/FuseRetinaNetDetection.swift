public import ApusCore
import ApusOperators

/// Lets one operator decode all pyramid levels of a RetinaNet and suppress among their candidates.
///
/// ```
/// %p = Sigmoid(%x)
/// %s1, %b1, %c1 = RetinaNetDecode(%p, %d)
/// …
/// %s = Concat(%s1, %s2, …) {axis: 1}
/// %y, %boxes, %classes = RetinaNetNMS(%s, %b, %c)
/// ```
/// becomes
/// ```
/// %y, %boxes, %classes = RetinaNetDetection(%x, %d, %x2, %d2, …)
/// ```
/// Sigmoids and casts to single precision are taken in where all levels have them: they are then made of the few scores
/// that count.
public struct FuseRetinaNetDetection: Rule {
  public struct Finding {
    let op: RetinaNetDetection
    let inputs: [ValueID]
    let absorbed: [NodeID]
  }

  public init() {}

  public var patterns: [Pattern] { [.op(RetinaNetNMS.self, "nms")] }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    let node = graph[match.node("nms")]
    guard let nms = node.op as? RetinaNetNMS, node.inputs.count == 3,
      let dtype = graph.dtype(node.inputs[0]), node.outputs.prefix(3).allSatisfy({ $0 != nil })
    else { throw Refusal("an input or output is left out") }
    var absorbed: [NodeID] = []
    let parts = try (0..<3).map { index throws(Refusal) in
      try self.parts(of: node.inputs[index], in: graph, &absorbed)
    }
    var (levels, values): ([RetinaNetDecode], [ValueID]) = ([], [])
    for (number, value) in parts[0].enumerated() {
      guard let decode = graph.producer(of: value), let op = decode.op as? RetinaNetDecode,
        (0..<3).allSatisfy({ number < parts[$0].count && parts[$0][number] == decode.outputs[$0] })
      else { throw Refusal("the candidates are not those of RetinaNetDecode nodes") }
      guard decode.outputs.allSatisfy({ $0.map { graph.soleUser(of: $0) != nil } ?? false }) else {
        throw Refusal("a level's candidates are also read elsewhere")
      }
      levels.append(op)
      values += decode.inputs.compactMap { $0 }
      absorbed.append(decode.id)
    }
    guard parts.allSatisfy({ $0.count == levels.count }), values.count == 2 * levels.count else {
      throw Refusal("scores, boxes and classes are not of the same levels")
    }
    // What kernels take: eight levels, and rows that fit into shared memory.
    guard levels.count <= 8, levels.allSatisfy({ $0.topkCandidates <= 8192 }), nms.maxDetections <= 4096
    else { throw Refusal("there are too many levels, candidates or detections") }
    let (scores, areLogits) = rawScores(values.indices.filter { $0 % 2 == 0 }.map { values[$0] }, in: graph)
    let deltas = beforeCasts(values.indices.filter { $0 % 2 == 1 }.map { values[$0] }, in: graph)
    return Finding(
      op: RetinaNetDetection(levels: levels, nms: nms, areLogits: areLogits, dtype: dtype),
      inputs: zip(scores, deltas).flatMap { [$0, $1] }, absorbed: absorbed)
  }

  /// The values that a Concat along the candidates joins; a value that is no Concat's is the only one.
  private func parts(of value: ValueID?, in graph: Graph, _ absorbed: inout [NodeID]) throws(Refusal)
    -> [ValueID]
  {
    guard let value else { throw Refusal("an input is left out") }
    guard let node = graph.producer(of: value), let concat = node.op as? Concat else { return [value] }
    guard graph.soleUser(of: value) != nil, [1, -3].contains(concat.axis) else {
      throw Refusal("the candidates are joined otherwise, or also read elsewhere")
    }
    absorbed.append(node.id)
    return node.inputs.compactMap { $0 }
  }

  /// Scores before the sigmoids and casts that all of them come from.
  private func rawScores(_ scores: [ValueID], in graph: Graph) -> ([ValueID], areLogits: Bool) {
    let values = beforeCasts(scores, in: graph)
    let logits = values.compactMap { value -> ValueID? in
      guard let node = graph.producer(of: value), node.op is Sigmoid else { return nil }
      return node.inputs.first ?? nil
    }
    return logits.count == scores.count ? (beforeCasts(logits, in: graph), true) : (values, false)
  }

  /// Values before widening casts that all of them come from.
  private func beforeCasts(_ values: [ValueID], in graph: Graph) -> [ValueID] {
    let sources = values.compactMap { value -> ValueID? in
      guard let node = graph.producer(of: value), let cast = node.op as? Cast, cast.to == .f32,
        let source = node.inputs.first ?? nil, let from = graph.dtype(source), [.f16, .bf16].contains(from)
      else { return nil }
      return source
    }
    let types = Set(sources.compactMap { graph.dtype($0) })
    return sources.count == values.count && types.count == 1 ? sources : values
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    let node = patch.graph[match.node("nms")]
    patch.absorb(finding.absorbed)
    let results = try patch.add(
      finding.op, finding.inputs, outputs: max(3, node.outputs.count), name: node.name)
    for (old, new) in zip(node.outputs, results) {
      if let old { patch.replace(old, with: new) }
    }
  }
}
