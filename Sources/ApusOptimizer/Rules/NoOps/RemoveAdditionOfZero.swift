public import ApusCore
import ApusOperators

/// Removes the addition or subtraction of 0.
///
/// ```
/// %y = Add(%x, 0)
/// ```
/// goes; its readers read `%x`.
public struct RemoveAdditionOfZero: Rule {
  public init() {}

  public var patterns: [Pattern] {
    [
      .op(Add.self, "y", [.value("x"), .constant("zero")], commutative: true),
      .op(Sub.self, "y", [.value("x"), .constant("zero")]),
    ]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) {
    try graph.checkReplaceable(match.value("y"), by: match.value("x"))
    guard graph.number(match.value("zero")) == 0 else { throw Refusal("the constant is not 0") }
    guard graph.sameType(match.value("x"), match.value("y")) else {
      throw Refusal("the shape changes, or is unknown")
    }
  }

  public func rewrite(_ match: Match, _ finding: Void, _ patch: inout Patch) throws {
    patch.replace(match.value("y"), with: match.value("x"))
  }
}
