public import ApusCore
import ApusOperators

/// Replaces a Transpose that only moves axes of size 1: the elements keep their order.
///
/// ```
/// %y: f32[2,1,3] = Transpose(%x: f32[1,2,3]) {permutation: [1, 0, 2]}
/// ```
/// becomes
/// ```
/// %y: f32[2,1,3] = Reshape(%x, {2, 1, 3})
/// ```
public struct ReplaceTransposeByReshape: Rule {
  public init() {}

  public var patterns: [Pattern] { [.op(Transpose.self, "y", [.value("x")])] }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> [Int64] {
    guard let from = graph.shape(match.value("x")), let to = graph.shape(match.value("y")),
      let axes = try? (graph[match.node("y")].op as? Transpose)?.axes(rank: from.count)
    else { throw Refusal("the rank is unknown") }
    let moved = axes.filter { from[$0] != 1 }
    guard moved == moved.sorted() else { throw Refusal("elements change their order") }
    guard axes != axes.sorted() else { throw Refusal("the order stays") }
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
