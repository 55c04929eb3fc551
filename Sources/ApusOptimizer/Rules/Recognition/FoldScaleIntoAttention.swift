public import ApusCore
import ApusOperators

/// Moves a factor of the queries or keys into the scale of the attention, past transpositions and reshapes.
///
/// ```
/// %m = Mul(%x, 0.5)
/// %q = Transpose(%m) {permutation: [0, 2, 1, 3]}
/// %y = ScaledDotProductAttention(%q, %k, %v)
/// ```
/// becomes
/// ```
/// %q = Transpose(%x) {permutation: [0, 2, 1, 3]}
/// %y = ScaledDotProductAttention(%q, %k, %v) {scale: 0.5}
/// ```
public struct FoldScaleIntoAttention: Rule {
  public struct Finding {
    let op: ScaledDotProductAttention
    let product: ValueID
    let factor: ValueID
    let node: NodeID
  }

  public init() {}

  public var patterns: [Pattern] { [.op(ScaledDotProductAttention.self, "y")] }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    let node = graph[match.node("y")]
    guard var op = node.op as? ScaledDotProductAttention else { throw Refusal("no attention") }
    for input in node.inputs.prefix(2) {
      guard var value = input else { continue }
      while graph.soleUser(of: value) != nil, let producer = graph.producer(of: value),
        producer.op is Transpose || producer.op is Reshape, let next = producer.inputs[0]
      { value = next }
      guard let (product, _) = graph.solelyRead(value, as: Mul.self),
        let constant = product.inputs.first(where: { graph.number($0) != nil }) ?? nil,
        let factor = product.inputs.first(where: { $0 != constant }) ?? nil,
        let number = graph.number(constant), graph.sameType(factor, value), number != 0, number.isFinite
      else { continue }
      op.scale *= number
      return Finding(op: op, product: value, factor: factor, node: product.id)
    }
    throw Refusal("neither queries nor keys are scaled by a number")
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    patch.absorb([finding.node])
    patch.replace(finding.product, with: finding.factor)
    patch.setOperator(of: match.node("y"), to: finding.op)
  }
}
