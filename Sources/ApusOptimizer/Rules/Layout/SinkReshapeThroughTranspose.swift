public import ApusCore
import ApusOperators

/// Splits axes after transposing, where the parts of an axis stay together, and merges those of pictures whose channels
/// move to the end.
///
/// ```
/// %r: f32[b,9,91,h,w] = Reshape(%x: f32[b,819,h,w], {0, 9, 91, 0, 0})
/// %y: f32[b,h,w,9,91] = Transpose(%r) {permutation: [0, 3, 4, 1, 2]}
/// ```
/// becomes
/// ```
/// %t: f32[b,h,w,819] = Transpose(%x) {permutation: [0, 2, 3, 1]}
/// %y: f32[b,h,w,9,91] = Reshape(%t, {0, 0, 0, 9, 91})
/// ```
/// and
/// ```
/// %r: f32[b,768,196] = Reshape(%x: f32[b,768,14,14], {0, 0, -1})
/// %y: f32[b,196,768] = Transpose(%r) {permutation: [0, 2, 1]}
/// ```
/// becomes
/// ```
/// %t: f32[b,14,14,768] = Transpose(%x) {permutation: [0, 2, 3, 1]}
/// %y: f32[b,196,768] = Reshape(%t, {0, 196, 768})
/// ```
/// What detection heads and embeddings of patches write; a channels-last convolution then transposes without moving
/// anything.
public struct SinkReshapeThroughTranspose: Rule {
  public struct Finding {
    let axes: [Int]
    let target: [Int64]
  }

  public init() {}

  public var patterns: [Pattern] {
    [.op(Transpose.self, "y", [.op(Reshape.self, "r", [.value("x"), .optional(.value("s"))], shared: true)])]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    guard let x = graph.shape(match.value("x")), let r = graph.shape(match.value("r")),
      let permutation = try? (graph[match.node("y")].op as? Transpose)?.axes(rank: r.count)
    else { throw Refusal("the rank is unknown") }
    let axes = try r.count > x.count ? Self.splitting(x, r, permutation) : Self.merging(x, r, permutation)
    let transposed = axes.map { x[$0] }
    guard axes != axes.sorted(),
      let target = ReshapeTarget.sizes(from: Shape(transposed), to: Shape(permutation.map { r[$0] }))
    else { throw Refusal("the shape cannot be written down") }
    return Finding(axes: axes, target: target)
  }

  /// The transposition before axes are split.
  private static func splitting(_ x: Shape, _ r: Shape, _ permutation: [Int]) throws(Refusal) -> [Int] {
    guard let parts = parts(of: x, in: r) else { throw Refusal("no axis is split") }
    var axes: [Int] = []
    var position = 0
    while position < permutation.count {
      guard let axis = parts.firstIndex(where: { $0.lowerBound == permutation[position] }),
        position + parts[axis].count <= permutation.count,
        Array(permutation[position..<position + parts[axis].count]) == Array(parts[axis])
      else { throw Refusal("the parts of an axis are separated") }
      axes.append(axis)
      position += parts[axis].count
    }
    return axes
  }

  /// The transposition before axes are merged.
  private static func merging(_ x: Shape, _ r: Shape, _ permutation: [Int]) throws(Refusal) -> [Int] {
    guard r.count < x.count, let parts = parts(of: r, in: x) else { throw Refusal("no axes are merged") }
    let axes = permutation.flatMap { Array(parts[$0]) }
    guard (4...5).contains(x.count), axes == [0] + Array(2..<x.count) + [1] else {
      throw Refusal("it is not a picture whose channels move to the end")
    }
    return axes
  }

  /// For each axis the axes of `split` that it becomes; nil when axes are merged or of size 1.
  private static func parts(of shape: Shape, in split: Shape) -> [Range<Int>]? {
    var parts: [Range<Int>] = []
    var next = 0
    for dimension in shape {
      let first = next
      guard next < split.count else { return nil }
      if split[next] == dimension {
        next += 1
      } else {
        guard let size = dimension.value, size > 1 else { return nil }
        var product = 1
        while product < size, next < split.count, let factor = split[next].value, factor > 1 {
          product *= factor
          next += 1
        }
        guard product == size else { return nil }
      }
      parts.append(first..<next)
    }
    return next == split.count ? parts : nil
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    let transposed = try patch.add(Transpose(finding.axes), [match.value("x")])
    let target = patch.constant(Tensor(finding.target))
    patch.replace(match.value("y"), with: try patch.add(Reshape(), [transposed, target]))
  }
}
