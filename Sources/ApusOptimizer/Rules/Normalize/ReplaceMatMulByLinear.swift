public import ApusCore
import ApusOperators

/// Turns a product with a constant matrix into Linear, which takes bias, residual and activation.
///
/// ```
/// %y = MatMul(%x, %w)
/// ```
/// becomes
/// ```
/// %y = Linear(%x, %w)
/// ```
public struct ReplaceMatMulByLinear: Rule {
  public init() {}

  public var patterns: [Pattern] { [.op(MatMul.self, "product", [.value("x"), .constant("w")])] }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) {
    guard let weight = graph.constant(match.value("w")), weight.rank == 2 else {
      throw Refusal("the constant is no matrix")
    }
    guard weight.dtype.isFloat else { throw Refusal("Linear multiplies floats") }
    guard let rank = graph.shape(match.value("x"))?.count, rank >= 2 else {
      throw Refusal("x is no matrix, or its rank is unknown")
    }
  }

  public func rewrite(_ match: Match, _ finding: Void, _ patch: inout Patch) throws {
    let result = try patch.add(Linear(), [match.value("x"), match.value("w")])
    patch.replace(match.value("product"), with: result)
  }
}
