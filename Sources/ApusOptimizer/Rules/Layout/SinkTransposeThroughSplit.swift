public import ApusCore
import ApusOperators

/// Splits before transposing.
///
/// ```
/// %t = Transpose(%x) {permutation: [2, 0, 1]}
/// %a, %b = Split(%t) {axis: 0}
/// ```
/// becomes
/// ```
/// %c, %d = Split(%x) {axis: 2}
/// %a = Transpose(%c) {permutation: [2, 0, 1]}
/// %b = Transpose(%d) {permutation: [2, 0, 1]}
/// ```
/// so that what reads the parts can take the transposition in.
public struct SinkTransposeThroughSplit: Rule {
  public struct Finding {
    let axes: [Int]
    let split: Split
  }

  public init() {}

  public var patterns: [Pattern] {
    [.op(Split.self, "split", [.op(Transpose.self, "t", [.value("x")]), .optional(.value("sizes"))])]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    guard let rank = graph.shape(match.value("x"))?.count,
      var split = graph[match.node("split")].op as? Split,
      let axes = try? (graph[match.node("t")].op as? Transpose)?.axes(rank: rank)
    else { throw Refusal("the rank is unknown") }
    guard graph[match.node("split")].outputs.allSatisfy({ $0.map { !graph.isOutput($0) } ?? true }) else {
      throw Refusal("a part is an output of the graph")
    }
    split.axis = axes[split.axis < 0 ? split.axis + rank : split.axis]
    return Finding(axes: axes, split: split)
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    let node = patch.graph[match.node("split")]
    let parts = try patch.add(
      finding.split, [match.value("x")] + node.inputs.dropFirst(), outputs: node.outputs.count)
    for (old, part) in zip(node.outputs, parts) {
      guard let old else { continue }
      patch.replace(old, with: try patch.add(Transpose(finding.axes), [part]))
    }
  }
}
