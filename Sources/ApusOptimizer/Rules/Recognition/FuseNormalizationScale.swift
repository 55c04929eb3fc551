public import ApusCore
import ApusOperators

/// Multiplies a constant factor into the scale of LayerNormalization or RMSNormalization.
///
/// ```
/// %n = LayerNormalization(%x, %s)
/// %y = Mul(%n, %k)
/// ```
/// becomes
/// ```
/// %y = LayerNormalization(%x, %s * %k)
/// ```
public struct FuseNormalizationScale: Rule {
  public init() {}

  public var patterns: [Pattern] {
    let normalization = Pattern.anyOf(
      [LayerNormalization.self, RMSNormalization.self], "n", [.value("x"), .constant("s")])
    return [.op(Mul.self, "y", [normalization, .constant("k")], commutative: true)]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Tensor {
    guard let scale = graph.constant(match.value("s")), let factor = graph.constant(match.value("k")),
      scale.dtype == factor.dtype
    else { throw Refusal("scale and factor are of different types") }
    guard graph[match.node("n")].outputs.dropFirst().allSatisfy({ $0 == nil }) else {
      throw Refusal("the statistics are read")
    }
    guard factor.shape == scale.shape || factor.elementCount == 1 && factor.rank <= scale.rank else {
      throw Refusal("the factor has shape \(factor.shape), the scale \(scale.shape)")
    }
    let factors = factor.doubles()
    let numbers = scale.doubles().enumerated().map { $1 * factors[factors.count == 1 ? 0 : $0] }
    return Tensor(doubles: numbers, scale.dtype, scale.shape)
  }

  public func rewrite(_ match: Match, _ scale: Tensor, _ patch: inout Patch) throws {
    let constant = patch.constant(scale, name: patch.graph[match.value("k")].name)
    let op = patch.graph[match.node("n")].op
    patch.replace(match.value("y"), with: try patch.add(op, [match.value("x"), constant]))
  }
}
