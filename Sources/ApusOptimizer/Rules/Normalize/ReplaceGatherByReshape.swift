public import ApusCore
import ApusOperators

/// Drops an axis of size 1 instead of picking its only element.
///
/// ```
/// %y: f32[8,4] = Gather(%x: f32[1,8,4], 0)
/// ```
/// becomes
/// ```
/// %y: f32[8,4] = Reshape(%x, {8, 4})
/// ```
public struct ReplaceGatherByReshape: Rule {
  public init() {}

  public var patterns: [Pattern] { [.op(Gather.self, "y", [.value("x"), .constant("index")])] }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> [Int64] {
    guard let from = graph.shape(match.value("x")), let to = graph.shape(match.value("y")),
      let gather = graph[match.node("y")].op as? Gather, let index = graph.scalar(match.value("index"))
    else { throw Refusal("the index is no single number, or the rank unknown") }
    let axis = gather.axis < 0 ? gather.axis + from.count : gather.axis
    guard from[axis] == 1, index == 0 || index == -1 else {
      throw Refusal("the axis has more than one element")
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
