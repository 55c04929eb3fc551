public import ApusCore
import ApusOperators

/// Adds a constant into the bias of LayerNormalization.
///
/// ```
/// %n = LayerNormalization(%x, %s)
/// %y = Add(%n, %k)
/// ```
/// becomes
/// ```
/// %y = LayerNormalization(%x, %s, %k)
/// ```
public struct FuseNormalizationBias: Rule {
  public init() {}

  public var patterns: [Pattern] {
    let normalization = Pattern.op(LayerNormalization.self, "n", [.value("x"), .constant("s"), .absent])
    return [.op(Add.self, "y", [normalization, .constant("k")], commutative: true)]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) {
    guard let scale = graph.constant(match.value("s")), let bias = graph.constant(match.value("k")),
      scale.type == bias.type
    else { throw Refusal("the addend has another shape or type than the scale") }
    guard graph[match.node("n")].outputs.dropFirst().allSatisfy({ $0 == nil }) else {
      throw Refusal("the statistics are read")
    }
  }

  public func rewrite(_ match: Match, _ finding: Void, _ patch: inout Patch) throws {
    let op = patch.graph[match.node("n")].op
    let inputs = [match.value("x"), match.value("s"), match.value("k")]
    patch.replace(match.value("y"), with: try patch.add(op, inputs))
  }
}
