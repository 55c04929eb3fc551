public import ApusCore
import ApusOperators

/// Multiplies by the inverse of a constant divisor.
///
/// ```
/// %y = Div(%x, 8)
/// ```
/// becomes
/// ```
/// %y = Mul(%x, 0.125)
/// ```
public struct ReplaceDivByMul: Rule {
  public init() {}

  public var patterns: [Pattern] { [.op(Div.self, "y", [.value("x"), .constant("divisor")])] }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Tensor {
    guard let divisor = graph.constant(match.value("divisor")), divisor.dtype == .f32 || divisor.dtype == .f64
    else {
      throw Refusal("integers and 16-bit floats are divided")
    }
    let inverse = divisor.doubles().map { 1 / $0 }
    guard inverse.allSatisfy({ $0.isFinite && abs($0) > 1e-30 && abs($0) < 1e30 }) else {
      throw Refusal("an inverse is too large or too small")
    }
    return Tensor(doubles: inverse, divisor.dtype, divisor.shape)
  }

  public func rewrite(_ match: Match, _ factor: Tensor, _ patch: inout Patch) throws {
    let constant = patch.constant(factor)
    patch.replace(match.value("y"), with: try patch.add(Mul(), [match.value("x"), constant]))
  }
}
