extension Graph {
  /// Structural faults of a graph: what no pass may leave behind. Empty when all is well.
  public func verify() -> [Problem] {
    var problems: [Problem] = []
    func report(_ id: ProblemID, _ message: String, _ node: Node? = nil) {
      problems.append(Problem(id, message, node: node?.name, operator: node?.opName))
    }
    for node in allNodes {
      for input in node.inputs.compactMap({ $0 }) {
        guard contains(input) else {
          report(.undefinedValue, "input \(input.index) does not exist", node)
          continue
        }
        let reads = node.inputs.count { $0 == input }
        if self[input].users.count(where: { $0 == node.id }) != reads {
          report(.internalError, "users of value '\(self[input].name)' are out of step", node)
        }
      }
      for (index, output) in node.outputs.enumerated() {
        guard let output else { continue }
        if !contains(output) || self[output].producer != Producer(node: node.id, output: index) {
          report(.internalError, "output \(index) does not know its producer", node)
        }
      }
    }
    for value in allValues {
      if value.producer == nil && value.constant == nil && !isInput(value.id) {
        report(.undefinedValue, "value '\(value.name)' has no producer")
      }
      if value.users.contains(where: { !contains($0) }) {
        report(.internalError, "value '\(value.name)' has a removed reader")
      }
      if names[value.name] != value.id { report(.internalError, "name '\(value.name)' leads elsewhere") }
    }
    for output in outputs where !contains(output) { report(.undefinedValue, "a graph output does not exist") }
    if problems.isEmpty && topologicalOrder() == nil { problems += cycleProblems() }
    return problems
  }

  /// `verify`, and that every node still infers to types that agree with the recorded ones.
  public func verifyTypes() -> [Problem] {
    var problems = verify()
    guard problems.isEmpty else { return problems }
    var copy = self
    problems += copy.inferTypes()
    for value in allValues where value.producer != nil {
      let inferred = copy[value.id].type
      if !value.type.agrees(with: inferred) {
        problems.append(
          Problem(
            .internalError, "value '\(value.name)' is recorded as \(value.type) but infers to \(inferred)"))
      }
    }
    return problems
  }
}

extension ValueType {
  /// Whether both can describe one value: equal where both are known; data-dependent symbols agree with anything.
  public func agrees(with other: ValueType) -> Bool {
    switch (self, other) {
    case (.tensor(let a), .tensor(let b)):
      guard a.dtype == b.dtype else { return false }
      guard let x = a.shape, let y = b.shape else { return true }
      return x.count == y.count && zip(x, y).allSatisfy { $0.value == nil || $1.value == nil || $0 == $1 }
    case (.sequence(let a), .sequence(let b)), (.optional(let a), .optional(let b)): return a.agrees(with: b)
    default: return false
    }
  }
}
