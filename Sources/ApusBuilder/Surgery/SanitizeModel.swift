public import ApusONNX

extension EditableModel {
  /// What cleaning changed.
  public struct Sanitized: Sendable, Hashable, Codable {
    public var removedNodes = 0
    public var removedInitializers = 0
    public var namedNodes = 0
    public var isReordered = false
  }

  /// Removes what no output needs, puts producers before readers, and gives every node a name of its own.
  ///
  /// - Throws: `cycle` with the nodes on it.
  public mutating func sanitize() throws -> Sanitized {
    var changes = Sanitized()
    let (nodeCount, initializerCount) = (nodes.count, initializerNames.count)
    removeUnused()
    changes.removedNodes = nodeCount - nodes.count
    changes.removedInitializers = initializerCount - initializerNames.count
    let order = nodes.map(\.outputs)
    try sort()
    changes.isReordered = order != nodes.map(\.outputs)
    changes.namedNodes = nameNodes()
    return changes
  }

  private mutating func nameNodes() -> Int {
    var edited = nodes
    var used = Set(edited.map(\.name))
    var seen: Set<String> = []
    var count = 0
    for index in edited.indices where edited[index].name.isEmpty || !seen.insert(edited[index].name).inserted
    {
      let stem = edited[index].name.isEmpty ? edited[index].opType : edited[index].name
      var (number, name) = (0, "\(stem)_0")
      while !used.insert(name).inserted {
        number += 1
        name = "\(stem)_\(number)"
      }
      edited[index].name = name
      seen.insert(name)
      count += 1
    }
    nodes = edited
    return count
  }
}
