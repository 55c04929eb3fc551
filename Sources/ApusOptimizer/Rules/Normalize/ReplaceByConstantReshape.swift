public import ApusCore
import ApusOperators

/// Writes down where Reshape, Flatten, Squeeze and Unsqueeze lead, so that shape arithmetic behind them dies.
///
/// ```
/// %s = Shape(%x)
/// %b = Gather(%s, 0)
/// %t = Concat(%b, {-1})
/// %y: f32[batch,12] = Reshape(%x: f32[batch,3,4], %t)
/// ```
/// becomes
/// ```
/// %y: f32[batch,12] = Reshape(%x, {0, 12})
/// ```
public struct ReplaceByConstantReshape: Rule {
  public init() {}

  public var patterns: [Pattern] {
    [
      .anyOf(
        [Reshape.self, Flatten.self, Squeeze.self, Unsqueeze.self], "y",
        [.value("x"), .optional(.value("s"))])
    ]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> [Int64] {
    guard !ReshapeTarget.isConstant(graph[match.node("y")], in: graph) else {
      throw Refusal("the target is a constant")
    }
    guard let from = graph.shape(match.value("x")), let to = graph.shape(match.value("y")) else {
      throw Refusal("a rank is unknown")
    }
    guard let sizes = ReshapeTarget.sizes(from: from, to: to) else {
      throw Refusal("the target needs more than one size that only running tells, or has size 0")
    }
    return sizes
  }

  public func rewrite(_ match: Match, _ sizes: [Int64], _ patch: inout Patch) throws {
    let target = patch.constant(Tensor(sizes))
    patch.replace(match.value("y"), with: try patch.add(Reshape(), [match.value("x"), target]))
  }
}
