public import ApusCore
import ApusOperators

/// Recognizes `x * sigmoid(alpha * x)`.
///
/// ```
/// %s = Sigmoid(%x)
/// %y = Mul(%x, %s)
/// ```
/// becomes
/// ```
/// %y = Swish(%x)
/// ```
public struct RecognizeSwish: Rule {
  public init() {}

  public var patterns: [Pattern] {
    [
      .op(Mul.self, "y", [.value("x"), .op(Sigmoid.self, "s", [.value("x")])], commutative: true),
      .op(
        Mul.self, "y",
        [
          .value("x"),
          .op(
            Sigmoid.self, "s",
            [.op(Mul.self, "scaled", [.value("x"), .constant("alpha")], commutative: true)]),
        ], commutative: true),
    ]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Double {
    guard let alpha = match.optional("alpha") else { return 1 }
    guard let number = graph.scalar(alpha),
      graph[alpha].constant?.rank == 0 || graph.sameType(match.value("x"), match.value("y"))
    else { throw Refusal("alpha is no single number") }
    return number
  }

  public func rewrite(_ match: Match, _ alpha: Double, _ patch: inout Patch) throws {
    patch.replace(match.value("y"), with: try patch.add(Swish(alpha: alpha), [match.value("x")]))
  }
}
