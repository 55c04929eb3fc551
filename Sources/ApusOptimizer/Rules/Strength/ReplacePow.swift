public import ApusCore
import ApusOperators

/// Replaces powers that have an operator of their own.
///
/// ```
/// %y = Pow(%x, 2)
/// ```
/// becomes
/// ```
/// %y = Mul(%x, %x)
/// ```
/// and powers of 0.5 and -1 become Sqrt and Reciprocal.
public struct ReplacePow: Rule {
  public init() {}

  public var patterns: [Pattern] { [.op(Pow.self, "y", [.value("x"), .constant("exponent")])] }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Double {
    guard let exponent = graph.number(match.value("exponent")), [2, 0.5, -1].contains(exponent) else {
      throw Refusal("the exponent is not 2, 0.5 or -1")
    }
    guard graph.sameType(match.value("x"), match.value("y")), graph.dtype(match.value("x"))?.isFloat == true
    else {
      throw Refusal("the shape changes, or these are no floats")
    }
    return exponent
  }

  public func rewrite(_ match: Match, _ exponent: Double, _ patch: inout Patch) throws {
    let x = match.value("x")
    let result =
      switch exponent {
      case 2: try patch.add(Mul(), [x, x])
      case 0.5: try patch.add(Sqrt(), [x])
      default: try patch.add(Reciprocal(), [x])
      }
    patch.replace(match.value("y"), with: result)
  }
}
