public import ApusCore
import ApusOperators

/// Removes a product with 1, a quotient by 1 and a first power.
///
/// ```
/// %y = Mul(%x, 1)
/// ```
/// goes; its readers read `%x`.
public struct RemoveMultiplicationByOne: Rule {
  public init() {}

  public var patterns: [Pattern] {
    [
      .op(Mul.self, "y", [.value("x"), .constant("one")], commutative: true),
      .anyOf([Div.self, Pow.self], "y", [.value("x"), .constant("one")]),
    ]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) {
    try graph.checkReplaceable(match.value("y"), by: match.value("x"))
    guard graph.number(match.value("one")) == 1 else { throw Refusal("the constant is not 1") }
    guard graph.sameType(match.value("x"), match.value("y")) else {
      throw Refusal("the shape changes, or is unknown")
    }
  }

  public func rewrite(_ match: Match, _ finding: Void, _ patch: inout Patch) throws {
    patch.replace(match.value("y"), with: match.value("x"))
  }
}
