import ApusCore
import ApusOperators

extension Graph {
  /// The Transpose behind `value` when every node that reads it lets transposes pass: none stays behind, and a chain
  /// such as `x * tanh(softplus(x))` has one in the end as it had before.
  func passingTranspose(_ value: ValueID?) -> (node: Node, axes: [Int])? {
    guard let value, !isOutput(value), let node = producer(of: value), let op = node.op as? Transpose,
      let rank = shape(value)?.count, let axes = try? op.axes(rank: rank)
    else { return nil }
    if soleUser(of: value) != nil { return (node, axes) }
    return self[value].users.allSatisfy { passes(axes, self[$0]) } ? (node, axes) : nil
  }

  private func passes(_ axes: [Int], _ node: Node) -> Bool {
    switch node.op {
    case is Transpose, is ReduceMean, is ReduceSum, is ReduceMax, is ReduceMin, is ReduceProd: true
    case is Concat: node.inputs.allSatisfy { isTransposed($0, by: axes) }
    case let op where SinkTransposeThroughElementwise.operators.contains { $0 == type(of: op) }:
      node.inputs.allSatisfy { isTransposed($0, by: axes) }
    default: false
    }
  }

  /// Whether a tensor is constant, or comes out of transposes alike by way of elementwise operators.
  private func isTransposed(_ value: ValueID?, by axes: [Int], depth: Int = 6) -> Bool {
    guard let value else { return true }
    if self[value].constant != nil { return true }
    guard depth > 0, shape(value)?.count == axes.count, let node = producer(of: value) else { return false }
    if let op = node.op as? Transpose { return (try? op.axes(rank: axes.count)) == axes }
    guard SinkTransposeThroughElementwise.operators.contains(where: { $0 == type(of: node.op) }) else {
      return false
    }
    return node.inputs.allSatisfy { isTransposed($0, by: axes, depth: depth - 1) }
  }
}
