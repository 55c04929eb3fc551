extension Graph {
  /// Nodes so that producers come before readers, by rank where dependencies leave a choice; nil when there is a cycle.
  ///
  /// Kahn, "Topological sorting of large networks", 1962, with a heap of the ready nodes.
  public func topologicalOrder() -> [NodeID]? {
    var missing: [NodeID: Int] = [:]
    var ready = ReadyHeap()
    for node in nodes.compactMap({ $0 }) {
      let count = node.inputs.reduce(0) { $0 + (producer(of: $1) == nil ? 0 : 1) }
      if count == 0 { ready.push(node.rank, node.id) } else { missing[node.id] = count }
    }
    var order: [NodeID] = []
    order.reserveCapacity(nodeCount)
    while let id = ready.pop() {
      order.append(id)
      for output in self[id].outputs {
        guard let output else { continue }
        for user in self[output].users {
          guard let count = missing[user] else { continue }
          missing[user] = count - 1
          if count == 1 {
            missing[user] = nil
            ready.push(self[user].rank, user)
          }
        }
      }
    }
    return order.count == nodeCount ? order : nil
  }

  /// Nodes on cycles or behind them, for messages.
  public func nodesOnCycles() -> [Node] {
    var remaining = Set(nodes.compactMap { $0?.id })
    var changed = true
    while changed {
      changed = false
      for id in remaining
      where !self[id].inputs.contains(where: { producer(of: $0).map { remaining.contains($0.id) } ?? false })
      {
        remaining.remove(id)
        changed = true
      }
    }
    return remaining.map { self[$0] }.sorted { $0.rank < $1.rank }
  }
}

/// A binary heap of ready nodes, smallest rank first.
private struct ReadyHeap {
  private var items: [(rank: Int, id: NodeID)] = []

  private func before(_ a: Int, _ b: Int) -> Bool {
    (items[a].rank, items[a].id.index) < (items[b].rank, items[b].id.index)
  }

  mutating func push(_ rank: Int, _ id: NodeID) {
    items.append((rank, id))
    var child = items.count - 1
    while child > 0, before(child, (child - 1) / 2) {
      items.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func pop() -> NodeID? {
    guard let first = items.first else { return nil }
    let last = items.removeLast()
    if !items.isEmpty {
      items[0] = last
      var parent = 0
      while true {
        var least = parent
        for child in [2 * parent + 1, 2 * parent + 2] where child < items.count && before(child, least) {
          least = child
        }
        if least == parent { break }
        items.swapAt(parent, least)
        parent = least
      }
    }
    return first.id
  }
}
