public import ApusCore
import ApusOperators

/// Recognizes `x / sqrt(mean(x²) + epsilon)` over the last axes.
///
/// ```
/// %q = Pow(%x, 2)
/// %v = ReduceMean(%q, axes)
/// %e = Add(%v, epsilon)
/// %s = Sqrt(%e)
/// %y = Div(%x, %s)
/// ```
/// becomes
/// ```
/// %y = RMSNormalization(%x, ones) {axis: -1, epsilon: …}
/// ```
public struct RecognizeRMSNormalization: Rule {
  public init() {}

  public var patterns: [Pattern] { NormalizationCore.patterns(.value("x")) }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> RecognizeLayerNormalization.Finding {
    let core = try NormalizationCore(match, of: match.value("x"), in: graph)
    return .init(axis: core.axis, epsilon: core.epsilon, size: core.size)
  }

  public func rewrite(
    _ match: Match, _ finding: RecognizeLayerNormalization.Finding, _ patch: inout Patch
  ) throws {
    let x = match.value("x")
    let dtype = patch.graph[x].type.tensor?.dtype ?? .f32
    let ones = patch.constant(Tensor(filling: 1, dtype, finding.size))
    let op = RMSNormalization(axis: -finding.size.count, epsilon: finding.epsilon)
    patch.replace(match.value("y"), with: try patch.add(op, [x, ones]))
  }
}
