public import ApusCore
import ApusOperators

/// Turns a BatchNormalization that nothing could take in into a product and a sum.
///
/// ```
/// %y = BatchNormalization(%x, %scale, %shift, %mean, %variance)
/// ```
/// becomes
/// ```
/// %p = Mul(%x, %factor)
/// %y = Add(%p, %addend)
/// ```
public struct ReplaceBatchNormalizationByMulAdd: Rule {
  public struct Finding {
    let factors: Tensor
    let addends: Tensor
  }

  public init() {}

  public var patterns: [Pattern] { [BatchNormalization.pattern(.value("x"))] }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    let (factors, shifts) = try BatchNormalization.affine(match, in: graph)
    guard let type = graph[match.value("x")].type.tensor, let rank = type.rank, rank >= 2 else {
      throw Refusal("the rank is unknown")
    }
    guard type.dtype == .f32 || type.dtype == .f64 else {
      throw Refusal("16 bits do not hold the intermediate")
    }
    let shape = [factors.count] + [Int](repeating: 1, count: rank - 2)
    return Finding(
      factors: Tensor(doubles: factors, type.dtype, shape),
      addends: Tensor(doubles: shifts, type.dtype, shape))
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    let product = try patch.add(Mul(), [match.value("x"), patch.constant(finding.factors)])
    patch.replace(match.value("bn"), with: try patch.add(Add(), [product, patch.constant(finding.addends)]))
  }
}
