public import ApusCore
import ApusOperators

/// Drops axes of size 1 before transposing.
///
/// ```
/// %t: f32[1,b,4,5] = Transpose(%x: f32[b,5,1,4]) {permutation: [2, 0, 3, 1]}
/// %y: f32[b,4,5] = Reshape(%t, {-1, 4, 5})
/// ```
/// becomes
/// ```
/// %r: f32[b,5,4] = Reshape(%x, {0, 5, 4})
/// %y: f32[b,4,5] = Transpose(%r) {permutation: [0, 2, 1]}
/// ```
public struct SinkTransposeThroughSqueeze: Rule {
  public struct Finding {
    let axes: [Int]
    let target: [Int64]
  }

  public init() {}

  public var patterns: [Pattern] {
    [
      .anyOf(
        [Reshape.self, Squeeze.self], "y", [.op(Transpose.self, "t", [.value("x")]), .optional(.value("s"))])
    ]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    guard let x = graph.shape(match.value("x")), let y = graph.shape(match.value("y")),
      let axes = try? (graph[match.node("t")].op as? Transpose)?.axes(rank: x.count), y.count < x.count
    else { throw Refusal("the rank is unknown, or does not shrink") }
    var kept: [Int] = []
    var dropped = 0
    for axis in axes {
      if kept.count < y.count, x[axis] == y[kept.count], !(x[axis] == 1 && dropped < x.count - y.count) {
        kept.append(axis)
      } else if x[axis] == 1 {
        dropped += 1
      } else {
        throw Refusal("axes are merged, not dropped")
      }
    }
    guard kept.count == y.count else { throw Refusal("axes are merged, not dropped") }
    let order = kept.sorted()
    guard let target = ReshapeTarget.sizes(from: x, to: order.map { x[$0] }) else {
      throw Refusal("the smaller shape cannot be written down")
    }
    return Finding(axes: kept.compactMap { order.firstIndex(of: $0) }, target: target)
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    let dropped = try patch.add(Reshape(), [match.value("x"), patch.constant(Tensor(finding.target))])
    patch.replace(match.value("y"), with: try patch.add(Transpose(finding.axes), [dropped]))
  }
}
