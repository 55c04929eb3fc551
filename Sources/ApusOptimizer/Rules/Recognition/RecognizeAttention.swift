public import ApusCore
import ApusOperators

/// Recognizes attention in its parts: products, scaling wherever it is done, mask, softmax.
///
/// ```
/// %t = Transpose(%k) {permutation: [0, 1, 3, 2]}
/// %p = MatMul(%q, %t)
/// %d = Div(%p, 8)
/// %m = Add(%d, %mask)
/// %s = Softmax(%m)
/// %y = MatMul(%s, %v)
/// ```
/// becomes
/// ```
/// %y = ScaledDotProductAttention(%q, %k, %v, %mask) {scale: 0.125}
/// ```
/// The factor may also stand at q, at k, or its root at both; NaN after the softmax may be replaced by 0.
public struct RecognizeAttention: Rule {
  public struct Finding {
    var query: ValueID
    var key: ValueID
    /// Applied to `key` to make it `[…, keys, size]`; nil: it is that.
    var keyOrder: [Int]?
    var mask: ValueID?
    var scale = 1.0
    var zeroesNaN = false
    var nodes: [NodeID] = []
  }

  public init() {}

  public var patterns: [Pattern] {
    [.op(MatMul.self, "y", [.anyOf([Softmax.self, Where.self], "p", shared: true), .value("v")])]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    var finding = Finding(query: match.value("v"), key: match.value("v"))
    let softmax = try softmaxNode(match.value("p"), &finding, in: graph)
    guard let input = softmax.inputs[0] else { throw Refusal("the softmax has no input") }
    let product = try scoresNode(input, &finding, in: graph)
    guard let left = product.inputs[0], let right = product.inputs[1] else { throw Refusal("no product") }
    finding.query = peel(left, &finding, in: graph)
    try readKey(right, &finding, in: graph)
    try checkShapes(match, finding, in: graph)
    return finding
  }

  /// Follows the guard against NaN to the softmax over the last axis.
  private func softmaxNode(_ value: ValueID, _ finding: inout Finding, in graph: Graph) throws(Refusal)
    -> Graph.Node
  {
    var value = value
    guard graph.soleUser(of: value) != nil else { throw Refusal("the probabilities have other readers") }
    if let (choice, _) = graph.solelyRead(value, as: Where.self) {
      guard let (test, _) = graph.solelyRead(choice.inputs[0], as: IsNaN.self),
        graph.number(choice.inputs[1]) == 0,
        let softmax = test.inputs[0], choice.inputs[2] == softmax, graph[softmax].users.count == 2
      else { throw Refusal("the choice after the softmax does not replace NaN by 0") }
      finding.zeroesNaN = true
      finding.nodes += [choice.id, test.id]
      value = softmax
    }
    guard let node = graph.producer(of: value), let op = node.op as? Softmax, !op.flattened,
      !graph.isOutput(value),
      let rank = graph.shape(value)?.count, op.axis == -1 || op.axis == rank - 1
    else { throw Refusal("the probabilities are no softmax over the last axis") }
    finding.nodes.append(node.id)
    return node
  }

  /// Follows mask and scaling to the product of queries and keys.
  private func scoresNode(_ value: ValueID, _ finding: inout Finding, in graph: Graph) throws(Refusal)
    -> Graph.Node
  {
    var value = peel(value, &finding, in: graph)
    guard graph.soleUser(of: value) != nil else { throw Refusal("the scores have other readers") }
    if let (sum, _) = graph.solelyRead(value, as: Add.self), let a = sum.inputs[0], let b = sum.inputs[1] {
      guard finding.scale == 1 else { throw Refusal("the mask is scaled") }
      finding.nodes.append(sum.id)
      let leftIsScores = Self.leadsToProduct(a, in: graph)
      finding.mask = leftIsScores ? b : a
      let scores = leftIsScores ? a : b
      guard graph.sameType(scores, value) else { throw Refusal("the mask enlarges the scores") }
      value = peel(scores, &finding, in: graph)
    }
    guard let (product, _) = graph.solelyRead(value, as: MatMul.self) else {
      throw Refusal("the scores are no product that only the softmax reads")
    }
    finding.nodes.append(product.id)
    return product
  }

  private static func leadsToProduct(_ value: ValueID, in graph: Graph) -> Bool {
    guard let node = graph.producer(of: value) else { return false }
    if node.op is MatMul { return true }
    guard node.op is Mul || node.op is Div else { return false }
    return node.inputs.contains { graph.producer(of: $0)?.op is MatMul }
  }

  /// Moves constant factors of a value into the scale.
  private func peel(_ value: ValueID, _ finding: inout Finding, in graph: Graph) -> ValueID {
    var value = value
    while graph.soleUser(of: value) != nil, let node = graph.producer(of: value), node.inputs.count == 2,
      let a = node.inputs[0], let b = node.inputs[1]
    {
      if node.op is Mul, let factor = graph.number(b), graph.sameType(a, value) {
        finding.scale *= factor
        value = a
      } else if node.op is Mul, let factor = graph.number(a), graph.sameType(b, value) {
        finding.scale *= factor
        value = b
      } else if node.op is Div, let divisor = graph.number(b), divisor != 0, graph.sameType(a, value) {
        finding.scale /= divisor
        value = a
      } else {
        break
      }
      finding.nodes.append(node.id)
    }
    return value
  }

  /// The keys before they were transposed.
  private func readKey(_ value: ValueID, _ finding: inout Finding, in graph: Graph) throws(Refusal) {
    let outer = peel(value, &finding, in: graph)
    guard let node = graph.producer(of: outer), let op = node.op as? Transpose, let source = node.inputs[0],
      let rank = graph.shape(source)?.count, let axes = try? op.axes(rank: rank), rank >= 2
    else { throw Refusal("the keys are not transposed") }
    if graph.soleUser(of: outer) != nil { finding.nodes.append(node.id) }
    var order = axes
    order.swapAt(rank - 1, rank - 2)
    finding.key = graph.soleUser(of: outer) != nil ? peel(source, &finding, in: graph) : source
    finding.keyOrder = order == Array(0..<rank) ? nil : order
  }

  private func checkShapes(_ match: Match, _ finding: Finding, in graph: Graph) throws(Refusal) {
    guard let q = graph.shape(finding.query), let k = graph.shape(finding.key),
      let v = graph.shape(match.value("v")),
      let y = graph.shape(match.value("y")), graph.dtype(finding.query)?.isFloat == true
    else { throw Refusal("a rank is unknown, or these are no floats") }
    guard q.count == k.count, q.count == v.count, q.count == 4 || q.count == 3 else {
      throw Refusal("queries, keys and values have \(q.count), \(k.count) and \(v.count) axes")
    }
    let keys = finding.keyOrder.map { $0.map { k[$0] } } ?? k
    let batch = q.count - 2
    guard q[..<batch] == keys[..<batch], q[..<batch] == v[..<batch], y[..<batch] == q[..<batch] else {
      throw Refusal("batch and heads of queries, keys and values differ")
    }
    guard finding.scale.isFinite, finding.scale != 0 else { throw Refusal("the scale is \(finding.scale)") }
    if let mask = finding.mask {
      guard let shape = graph.shape(mask), shape.count <= q.count, shape.last == keys[q.count - 2],
        graph.dtype(mask) == graph.dtype(finding.query)
      else { throw Refusal("the mask has no column for each key, or another type") }
    }
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    patch.absorb(finding.nodes)
    var key = finding.key
    if let order = finding.keyOrder { key = try patch.add(Transpose(order), [key]) }
    var inputs: [ValueID?] = [finding.query, key, match.value("v")]
    let isFlat = patch.graph[finding.query].type.tensor?.rank == 3
    if isFlat {
      let axis = patch.constant(Tensor([Int64(0)]))
      inputs = try inputs.map { try patch.add(Unsqueeze(), [$0, axis]) }
    }
    if let mask = finding.mask { inputs.append(mask) }
    var result = try patch.add(
      ScaledDotProductAttention(scale: finding.scale, zeroesNaN: finding.zeroesNaN), inputs)
    if isFlat { result = try patch.add(Squeeze(), [result, patch.constant(Tensor([Int64(0)]))]) }
    patch.replace(match.value("y"), with: result)
  }
}
