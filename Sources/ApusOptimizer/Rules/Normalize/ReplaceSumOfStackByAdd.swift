public import ApusCore
import ApusOperators

/// Adds tensors instead of stacking them along a new axis and summing over it, as `torch.stack(…).sum(-1)` does.
///
/// ```
/// %a1: f32[n,4,1] = Unsqueeze(%a: f32[n,4], 2)
/// %b1: f32[n,4,1] = Unsqueeze(%b: f32[n,4], 2)
/// %s: f32[n,4,2] = Concat(%a1, %b1) {axis: 2}
/// %y: f32[n,4] = ReduceSum(%s, 2) {keepDims: false}
/// ```
/// becomes `%y = Add(%a, %b)`.
public struct ReplaceSumOfStackByAdd: Rule {
  static let most = 8

  public init() {}

  public var patterns: [Pattern] {
    [.op(ReduceSum.self, "sum", [.op(Concat.self, "stack"), .constant("axes")])]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> [ValueID] {
    let stack = graph[match.node("stack")]
    guard let op = stack.op as? Concat, let sum = graph[match.node("sum")].op as? ReduceSum, !sum.keepDims,
      let stacked = graph.shape(stack.outputs[0]), let result = graph.shape(match.value("sum"))
    else { throw Refusal("no shape, or the axis stays") }
    let axis = op.axis < 0 ? op.axis + stacked.count : op.axis
    let axes = graph.constant(match.value("axes"))?.integers().map { Int($0) } ?? []
    guard axes.map({ $0 < 0 ? $0 + stacked.count : $0 }) == [axis] else {
      throw Refusal("another axis is summed over")
    }
    guard (2...Self.most).contains(stack.inputs.count) else { throw Refusal("too many tensors, or one") }
    var parts: [ValueID] = []
    for case let input? in stack.inputs {
      guard let added = graph.producer(of: input), added.op is Unsqueeze || added.op is Reshape,
        graph.shape(input)?[axis] == 1, let part = added.inputs[0], graph.shape(part) == result
      else { throw Refusal("'\(graph[input].name)' is no tensor with an axis added") }
      parts.append(part)
    }
    return parts
  }

  public func rewrite(_ match: Match, _ parts: [ValueID], _ patch: inout Patch) throws {
    var total = parts[0]
    for part in parts.dropFirst() { total = try patch.add(Add(), [total, part]) }
    patch.replace(match.value("sum"), with: total)
  }
}
