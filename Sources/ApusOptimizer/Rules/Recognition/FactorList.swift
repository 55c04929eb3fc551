import ApusCore
import ApusOperators

/// A product taken apart: `scale * Π factors`, however it is bracketed and wherever constants stand.
///
/// Mul, division by a constant and small integer powers are followed as long as only the product reads them.
struct FactorList {
  private(set) var scale = 1.0
  private(set) var factors: [ValueID] = []
  /// Nodes that were taken apart.
  private(set) var nodes: [NodeID] = []

  init(_ value: ValueID, in graph: Graph) { collect(value, in: graph, isRoot: true, depth: 0) }

  private mutating func collect(_ value: ValueID, in graph: Graph, isRoot: Bool, depth: Int) {
    if let number = graph.number(value) {
      scale *= number
      return
    }
    guard let node = graph.producer(of: value), depth < 8, isRoot || graph.soleUser(of: value) != nil,
      node.inputs.count == 2, let left = node.inputs[0], let right = node.inputs[1]
    else {
      factors.append(value)
      return
    }
    switch node.op {
    case is Mul:
      nodes.append(node.id)
      collect(left, in: graph, isRoot: false, depth: depth + 1)
      collect(right, in: graph, isRoot: false, depth: depth + 1)
    case is Div:
      guard let divisor = graph.number(right), divisor != 0 else { return factors.append(value) }
      nodes.append(node.id)
      scale /= divisor
      collect(left, in: graph, isRoot: false, depth: depth + 1)
    case is Pow:
      guard let exponent = graph.number(right), exponent == exponent.rounded(), (1...4).contains(exponent)
      else {
        return factors.append(value)
      }
      nodes.append(node.id)
      factors += [ValueID](repeating: left, count: Int(exponent))
    default: factors.append(value)
    }
  }

  /// The factors other than `value`, which must be among them `count` times.
  func without(_ value: ValueID, count: Int = 1) -> [ValueID]? {
    var rest = factors
    for _ in 0..<count {
      guard let index = rest.firstIndex(of: value) else { return nil }
      rest.remove(at: index)
    }
    return rest
  }
}
