public import ApusCore
import ApusOperators

/// Pads before transposing.
///
/// ```
/// %t = Transpose(%x) {permutation: [1, 0]}
/// %y = Pad(%t, {1, 2, 3, 4})
/// ```
/// becomes
/// ```
/// %p = Pad(%x, {2, 1, 4, 3})
/// %y = Transpose(%p) {permutation: [1, 0]}
/// ```
public struct SinkTransposeThroughPad: Rule {
  public struct Finding {
    let axes: [Int]
    let amounts: [Int64]
  }

  public init() {}

  public var patterns: [Pattern] {
    [
      .op(
        Pad.self, "y",
        [.op(Transpose.self, "t", [.value("x")]), .constant("amounts"), .optional(.value("fill")), .absent])
    ]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    guard let rank = graph.shape(match.value("x"))?.count,
      let amounts = graph.integers(match.value("amounts")),
      amounts.count == 2 * rank, let axes = try? (graph[match.node("t")].op as? Transpose)?.axes(rank: rank)
    else { throw Refusal("the rank is unknown") }
    var moved = [Int64](repeating: 0, count: 2 * rank)
    for (place, axis) in axes.enumerated() {
      moved[axis] = Int64(amounts[place])
      moved[rank + axis] = Int64(amounts[rank + place])
    }
    return Finding(axes: axes, amounts: moved)
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    let amounts = patch.constant(Tensor(finding.amounts))
    let pad = patch.graph[match.node("y")].op
    var inputs: [ValueID?] = [match.value("x"), amounts]
    if let fill = match.optional("fill") { inputs.append(fill) }
    let padded = try patch.add(pad, inputs)
    patch.replace(match.value("y"), with: try patch.add(Transpose(finding.axes), [padded]))
  }
}
