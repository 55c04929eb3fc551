public import ApusCore
import ApusOperators

/// Multiplies a constant after a Conv, ConvTranspose or Linear into its weights and bias.
///
/// ```
/// %c = Conv(%x, %w, %b)
/// %y = Mul(%c, %k)
/// ```
/// becomes
/// ```
/// %y = Conv(%x, %w', %b')
/// ```
/// where `k` has one number a channel; Div by a constant counts as its inverse.
public struct FuseScale: Rule {
  public struct Finding {
    let contraction: Contraction
    let factors: [Double]
  }

  public init() {}

  public var patterns: [Pattern] {
    let contraction = Pattern.anyOf(Contraction.operators, "x", shared: true)
    return [
      .op(Mul.self, "product", [contraction, .constant("k")], commutative: true),
      .op(Div.self, "product", [contraction, .constant("k")]),
    ]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    let contraction = try Contraction(match.value("x"), in: graph)
    try contraction.checkIsLinear()
    guard let constant = graph.constant(match.value("k")) else { throw Refusal("the factor is no constant") }
    var factors = try contraction.perChannel(constant)
    if graph[match.node("product")].op is Div { factors = factors.map { 1 / $0 } }
    guard factors.allSatisfy(\.isFinite) else { throw Refusal("a factor is not finite") }
    return Finding(contraction: contraction, factors: factors)
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    let contraction = finding.contraction
    let bias = contraction.bias.map { zip($0.doubles(), finding.factors).map { $0 * $1 } }
    try contraction.replace(
      match.value("product"), weight: contraction.weight(scaledBy: finding.factors), bias: bias, &patch)
  }
}
