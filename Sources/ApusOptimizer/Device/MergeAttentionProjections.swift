public import ApusCore
import ApusOperators

/// Makes one product of the three before attention.
///
/// ```
/// %q = Linear(%x, %wq, %bq)
/// %k = Linear(%x, %wk)
/// %v = Linear(%x, %wv, %bv)
/// %y = ScaledDotProductAttention(%q, %k, %v) {heads: 12}
/// ```
/// becomes
/// ```
/// %p = Linear(%x, {wq | wk | wv}, {bq | 0 | bv})
/// %y = PackedAttention(%p) {attention: {heads: 12, …}}
/// ```
public struct MergeAttentionProjections: Rule {
  public struct Finding {
    let attention: PackableAttention
    let input: ValueID
    let products: [Contraction]
  }

  public init() {}

  public var patterns: [Pattern] {
    let product = { (name: String) in Pattern.op(Linear.self, name) }
    return [
      .op(
        ScaledDotProductAttention.self, "a",
        [product("q"), product("k"), product("v"), .optional(.value("mask"))])
    ]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    let attention = try PackableAttention(match.node("a"), in: graph)
    var products: [Contraction] = []
    for operand in attention.operands {
      let product = try Contraction(operand, in: graph)
      try product.checkIsLinear()
      products.append(product)
    }
    guard let input = products[0].input(0), products.allSatisfy({ $0.input(0) == input }) else {
      throw Refusal("query, key and value are made of different tensors")
    }
    return Finding(attention: attention, input: input, products: products)
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    let (products, name) = (finding.products, finding.attention.node.name)
    let weights = try sideBySide(products.map(\.weight))
    var inputs: [ValueID?] = [finding.input, patch.constant(weights, name: name + ".weights")]
    if products.contains(where: { $0.bias != nil }) {
      let biases = products.map { product in
        product.bias ?? Tensor(filling: 0, product.weight.dtype, [product.channels])
      }
      inputs.append(patch.constant(try sideBySide(biases), name: name + ".bias"))
    }
    try finding.attention.replace(with: try patch.add(Linear(), inputs, name: name + ".product"), &patch)
  }

  private func sideBySide(_ tensors: [Tensor]) throws -> Tensor {
    guard let joined = try Concat(axis: -1).evaluate(Operands(tensors)).first?.tensor else {
      throw OperatorError(.typeMismatch, "weights that are no tensors")
    }
    return joined
  }
}
