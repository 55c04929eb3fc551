/// Order in which the nodes of a list can be imported.
struct NodeOrder {
  /// Indices so that producers come first; the file's own order when that will do.
  let indices: [Int]
  /// Whether the file's own order would not do, as ONNX demands.
  let isReordered: Bool
  /// Nodes on cycles or behind them; not in `indices`.
  let cyclic: [Int]

  /// `captured` lists, for a node, what its bodies read from outside.
  init(_ nodes: [Onnx_NodeProto], captured: (Onnx_NodeProto) -> [String]) {
    var producer: [String: Int] = [:]
    for (index, node) in nodes.enumerated() {
      for output in node.output where !output.isEmpty && producer[output] == nil { producer[output] = index }
    }
    let needs = nodes.map { node in
      Set((node.input + captured(node)).compactMap { $0.isEmpty ? nil : producer[$0] })
    }
    if needs.enumerated().allSatisfy({ index, before in before.allSatisfy { $0 < index } }) {
      indices = Array(nodes.indices)
      (isReordered, cyclic) = (false, [])
      return
    }
    var missing = needs.map(\.count)
    var users = [[Int]](repeating: [], count: nodes.count)
    for (index, before) in needs.enumerated() { for other in before { users[other].append(index) } }
    var order = nodes.indices.filter { missing[$0] == 0 }
    var next = 0
    while next < order.count {
      for user in users[order[next]] {
        missing[user] -= 1
        if missing[user] == 0 { order.append(user) }
      }
      next += 1
    }
    indices = order
    isReordered = true
    cyclic = nodes.indices.filter { missing[$0] > 0 }
  }
}
