public import ApusCore
import ApusOperators

/// Makes a tensor that is added to the result of a Conv or Linear its residual input.
///
/// ```
/// %c = Conv(%x, %w, %b)
/// %y = Add(%c, %r)
/// ```
/// becomes
/// ```
/// %y = Conv(%x, %w, %b, %r)
/// ```
/// when both have the same shape. Of two candidates the one that comes later in the model is taken: it needs the
/// other's result anyway.
public struct FuseResidual: Rule {
  public struct Finding {
    let contraction: Contraction
    let residual: ValueID
  }

  public init() {}

  public var patterns: [Pattern] { [.op(Add.self, "sum", [.value("a"), .value("b")])] }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    let (a, b) = (match.value("a"), match.value("b"))
    guard a != b else { throw Refusal("a value is added to itself") }
    guard graph.sameType(a, b) else { throw Refusal("the addends differ in shape or type") }
    var reason = Refusal("neither addend comes from a Conv or Linear")
    let ranks = [a, b].map { graph.producer(of: $0)?.rank ?? -1 }
    for (value, residual) in ranks[0] >= ranks[1] ? [(a, b), (b, a)] : [(b, a), (a, b)] {
      do throws(Refusal) {
        let contraction = try Contraction(value, in: graph)
        try contraction.checkIsLinear()
        guard contraction.takesResidual else { throw Refusal("ConvTranspose takes no residual") }
        guard graph[residual].constant == nil else { throw Refusal("the addend is a constant") }
        return Finding(contraction: contraction, residual: residual)
      } catch { reason = error }
    }
    throw reason
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    try finding.contraction.replace(match.value("sum"), residual: finding.residual, &patch)
  }
}
