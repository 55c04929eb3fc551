public import ApusCore
import ApusOperators

/// Merges two relabellings of the shape into one.
///
/// ```
/// %a: f32[6] = Reshape(%x: f32[2,3], {6})
/// %y: f32[3,2] = Reshape(%a, {3, 2})
/// ```
/// becomes
/// ```
/// %y: f32[3,2] = Reshape(%x, {3, 2})
/// ```
public struct MergeReshapes: Rule {
  public init() {}

  public var patterns: [Pattern] {
    let kinds: [any Operator.Type] = [Reshape.self, Flatten.self, Squeeze.self, Unsqueeze.self]
    return [
      .anyOf(
        kinds, "y",
        [.anyOf(kinds, "a", [.value("x"), .optional(.value("s"))], shared: true), .optional(.value("t"))])
    ]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> [Int64] {
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
