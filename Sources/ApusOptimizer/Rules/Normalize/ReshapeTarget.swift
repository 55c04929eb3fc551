import ApusCore
import ApusOperators

/// How Reshape says a shape without computing it.
enum ReshapeTarget {
  /// The constant second input that makes `from` into `to`: symbols are copied from the same axis (0) or left to the
  /// rest (-1); nil where that is not enough, or a size is 0.
  static func sizes(from: Shape, to: Shape) -> [Int64]? {
    var usesRest = false
    var result: [Int64] = []
    for (axis, dim) in to.enumerated() {
      if let size = dim.value {
        guard size > 0 else { return nil }
        result.append(Int64(size))
      } else if axis < from.count, from[axis] == dim {
        result.append(0)
      } else if !usesRest {
        usesRest = true
        result.append(-1)
      } else {
        return nil
      }
    }
    return result
  }

  /// Whether a Reshape already has a constant target.
  static func isConstant(_ node: Graph.Node, in graph: Graph) -> Bool {
    guard let op = node.op as? Reshape, node.inputs.count > 1 else { return false }
    return !op.allowZero && graph.constant(node.inputs[1]) != nil
  }
}
