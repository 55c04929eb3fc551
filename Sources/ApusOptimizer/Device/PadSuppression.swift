public import ApusCore
import ApusOperators

/// Lets a device suppress boxes into rows of a fixed size, of which those that are there are cut out.
///
/// ```
/// %rows = NonMaxSuppression(%boxes, %scores, 100, 0.5, 0.1)
/// ```
/// becomes
/// ```
/// %all, %count = PaddedSuppression(%boxes, %scores) {most: 100, …}
/// %rows = Slice(%all, 0, %count, 0)
/// ```
public struct PadSuppression: Rule {
  public struct Finding {
    let op: PaddedSuppression
    let inputs: [ValueID?]
  }

  /// What a block of a device holds.
  private static let mostKept = 4096

  public init() {}

  public var patterns: [Pattern] {
    [.op(NonMaxSuppression.self, "suppress"), .op(BoxSuppression.self, "suppress")]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    let node = graph[match.node("suppress")]
    let inputs = node.inputs
    guard inputs.count > 1, let shape = graph.shape(inputs[1]), let places = shape.last?.value,
      graph.shape(inputs[0]) != nil
    else { throw Refusal("the number of boxes is known only when it runs") }
    var op = PaddedSuppression()
    if let nms = node.op as? NonMaxSuppression {
      func limit(_ index: Int, _ otherwise: Double) throws(Refusal) -> Double {
        guard index < inputs.count, let value = inputs[index] else { return otherwise }
        guard let number = graph.scalar(value) else { throw Refusal("a limit is computed") }
        return number
      }
      let least = try limit(4, -.infinity)
      op.most = Int(min(max(try limit(2, 0), 0), Double(places)))
      op.overlap = Float(try limit(3, 0))
      op.takesAll = least == -.infinity
      if !op.takesAll { op.threshold = Float(least) }
      op.takesMiddles = nms.centerPoints
    } else if let nms = node.op as? BoxSuppression {
      guard inputs.count < 3 || [.i32, .i64].contains(graph.dtype(inputs[2])) else {
        throw Refusal("classes are no integers")
      }
      op.most = places
      op.overlap = nms.iouThreshold
      op.takesAll = true
    }
    guard (1...Self.mostKept).contains(op.most) else { throw Refusal("too many boxes may be kept, or none") }
    return Finding(op: op, inputs: Array(inputs.prefix(node.op is BoxSuppression ? 3 : 2)))
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    let node = patch.graph[match.node("suppress")]
    guard let old = node.outputs.first ?? nil else { return }
    let padded = try patch.add(finding.op, finding.inputs, outputs: 2, name: node.name)
    let zero = patch.constant(Tensor([Int64(0)]))
    patch.replace(old, with: try patch.add(Slice(), [padded[0], zero, padded[1], zero]))
  }
}
