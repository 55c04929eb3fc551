public import ApusCore
import ApusOperators

/// Adds a constant after a Conv, ConvTranspose or Linear into its bias.
///
/// ```
/// %c = Conv(%x, %w)
/// %y = Add(%c, %k)
/// ```
/// becomes
/// ```
/// %y = Conv(%x, %w, %k')
/// ```
/// where `k` has one number a channel. A constant that is subtracted counts negated.
public struct FuseBias: Rule {
  public struct Finding {
    let contraction: Contraction
    let bias: [Double]
  }

  public init() {}

  public var patterns: [Pattern] {
    let contraction = Pattern.anyOf(Contraction.operators, "x", shared: true)
    return [
      .op(Add.self, "sum", [contraction, .constant("k")], commutative: true),
      .op(Sub.self, "sum", [contraction, .constant("k")]),
    ]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    let contraction = try Contraction(match.value("x"), in: graph)
    try contraction.checkIsLinear()
    guard let constant = graph.constant(match.value("k")) else { throw Refusal("the addend is no constant") }
    let sign = graph[match.node("sum")].op is Sub ? -1.0 : 1.0
    let addend = try contraction.perChannel(constant)
    return Finding(
      contraction: contraction, bias: zip(contraction.biasNumbers, addend).map { $0 + sign * $1 })
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    try finding.contraction.replace(match.value("sum"), bias: finding.bias, &patch)
  }
}
