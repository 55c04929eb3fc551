public import ApusCore
import ApusOperators

/// Writes down the sizes of the axes that a Resize changes, where all of them are known, and leaves the others out.
///
/// ```
/// %s = ShapeExpression() {numerators: ["batch", 3, 8, 8]}
/// %y: f32[batch,3,8,8] = Resize(%x: f32[batch,3,4,4], _, _, %s)
/// ```
/// becomes
/// ```
/// %y: f32[batch,3,8,8] = Resize(%x, _, _, {8, 8}) {axes: [2, 3]}
/// ```
public struct ReplaceByConstantResize: Rule {
  public struct Finding {
    let axes: [Int]
    let sizes: [Int64]
  }

  public init() {}

  public var patterns: [Pattern] {
    [
      .op(
        Resize.self, "y",
        [.value("x"), .optional(.value("region")), .optional(.value("scales")), .value("sizes")])
    ]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    guard let op = graph[match.node("y")].op as? Resize, op.coordinates != .tfCropAndResize,
      op.aspectRatio == .stretch
    else { throw Refusal("it crops, or keeps the aspect ratio") }
    guard graph.constant(match.value("sizes")) == nil else { throw Refusal("the sizes are a constant") }
    guard let from = graph.shape(match.value("x")), let to = graph.shape(match.value("y")),
      from.count == to.count
    else { throw Refusal("the rank is unknown") }
    let axes = from.indices.filter { from[$0] != to[$0] }
    let sizes = axes.compactMap { to[$0].value.map { Int64($0) } }
    guard !axes.isEmpty, sizes.count == axes.count, axes.allSatisfy({ from[$0].value != nil }) else {
      throw Refusal("a resized axis has no fixed size")
    }
    return Finding(axes: axes, sizes: sizes)
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    guard var op = patch.graph[match.node("y")].op as? Resize else { return }
    op.axes = finding.axes
    let sizes = patch.constant(Tensor(finding.sizes))
    patch.replace(match.value("y"), with: try patch.add(op, [match.value("x"), nil, nil, sizes]))
  }
}
