import ApusCore

extension Graph {
  /// The order in which nodes run: the topological one, but nodes that read the same weights follow one another as soon
  /// as they can, while the weights are in the cache (the heads of a detector on the levels of its pyramid). nil when
  /// there is a cycle.
  func executionOrder() -> [NodeID]? {
    guard let order = topologicalOrder() else { return nil }
    var missing: [NodeID: Int] = [:]
    for id in order {
      missing[id] = self[id].inputs.count { $0.map { self[$0].producer != nil } ?? false }
    }
    var result: [NodeID] = []
    result.reserveCapacity(order.count)
    func run(_ id: NodeID) {
      result.append(id)
      missing[id] = nil
      for case let output? in self[id].outputs {
        for user in self[output].users { missing[user]? -= 1 }
      }
    }
    for id in order where missing[id] != nil {
      run(id)
      for other in partners(of: id) where missing[other] == 0 { run(other) }
    }
    return result
  }

  /// Other nodes that read a weight of some size that this node reads, by rank.
  private func partners(of id: NodeID) -> [NodeID] {
    let weights = self[id].inputs.compactMap { $0 }.filter {
      self[$0].users.count > 1 && (self[$0].constant?.byteCount ?? 0) >= 1 << 16
    }
    return Set(weights.flatMap { self[$0].users }).sorted { self[$0].rank < self[$1].rank }
  }
}
