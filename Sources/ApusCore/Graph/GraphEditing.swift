extension Graph {
  /// Adds a graph input.
  @discardableResult
  public mutating func addInput(_ name: String, _ type: ValueType) -> ValueID {
    let id = addValue(name, type)
    setLists(inputs: inputs + [id])
    return id
  }

  /// Adds a constant; its storage is shared, not copied.
  @discardableResult
  public mutating func addConstant(_ tensor: Tensor, name: String = "") -> ValueID {
    addValue(name, .tensor(tensor.type), constant: tensor)
  }

  /// Adds a node. `outputs` names its results (nil: one that nobody reads); types come with `inferTypes`.
  @discardableResult
  public mutating func addNode(
    _ op: any Operator, _ inputs: [ValueID?], outputs: [String?], name: String = "", sources: [String] = [],
    rank: Int? = nil
  ) -> NodeID {
    let id = NodeID(index: nodes.count)
    let results = outputs.enumerated().map { index, output in
      output.map { addValue($0, .tensor(.f32, nil), producer: Producer(node: id, output: index)) }
    }
    nodes.append(
      Node(
        id: id, op: op, inputs: inputs, outputs: results, name: name, sources: sources, history: [],
        rank: rank ?? nodes.count))
    for input in inputs { if let input { values[input.index]?.users.append(id) } }
    count(nodes: 1)
    return id
  }

  /// Removes a node whose outputs nobody reads.
  public mutating func removeNode(_ id: NodeID) {
    let node = self[id]
    for input in node.inputs { if let input { dropUser(id, of: input) } }
    for output in node.outputs {
      guard let output else { continue }
      precondition(
        self[output].users.isEmpty && !isOutput(output), "removed node '\(node.name)' is still read")
      removeValue(output)
    }
    nodes[id.index] = nil
    count(nodes: -1)
  }

  /// Removes a constant or a detached value.
  mutating func removeValue(_ id: ValueID) {
    names[self[id].name] = nil
    values[id.index] = nil
  }

  /// Makes every reader of `old`, graph outputs included, read `new`.
  public mutating func replaceUses(of old: ValueID, with new: ValueID) {
    guard old != new else { return }
    let users = self[old].users
    for user in Set(users) {
      let rewired = self[user].inputs.map { $0 == old ? new : $0 }
      nodes[user.index]?.inputs = rewired
    }
    values[old.index]?.users = []
    values[new.index]?.users += users
    if outputs.contains(old) {
      setLists(outputs: outputs.map { $0 == old ? new : $0 })
      takeOutputName(from: old, to: new)
    }
  }

  /// A graph output keeps its public name when another value takes its place.
  private mutating func takeOutputName(from old: ValueID, to new: ValueID) {
    guard !inputs.contains(new), !outputNamesTaken(by: new, besides: old) else { return }
    swapNames(old, new)
  }

  /// Exchanges the names of two values.
  public mutating func swapNames(_ a: ValueID, _ b: ValueID) {
    let (first, second) = (self[a].name, self[b].name)
    values[a.index]?.name = second
    values[b.index]?.name = first
    names[first] = b
    names[second] = a
  }

  private func outputNamesTaken(by value: ValueID, besides old: ValueID) -> Bool {
    outputs.filter { $0 == value }.count > 1
  }

  /// Rewires one input of a node.
  public mutating func setInput(_ index: Int, of id: NodeID, to value: ValueID?) {
    if let old = self[id].inputs[index] { dropUser(id, of: old) }
    nodes[id.index]?.inputs[index] = value
    if let value { values[value.index]?.users.append(id) }
  }

  /// Replaces all inputs of a node.
  public mutating func setInputs(of id: NodeID, to inputs: [ValueID?]) {
    for old in self[id].inputs { if let old { dropUser(id, of: old) } }
    nodes[id.index]?.inputs = inputs
    for value in inputs { if let value { values[value.index]?.users.append(id) } }
  }

  public mutating func setOperator(of id: NodeID, to op: any Operator) { nodes[id.index]?.op = op }

  public mutating func setOutputs(_ outputs: [ValueID]) { setLists(outputs: outputs) }

  public mutating func markOutput(_ value: ValueID) { setLists(outputs: outputs + [value]) }

  /// Removes a graph input that nobody reads.
  public mutating func removeInput(_ value: ValueID) {
    setLists(inputs: inputs.filter { $0 != value })
    removeValue(value)
  }

  /// Turns a graph input into a constant.
  public mutating func bindInput(_ value: ValueID, to tensor: Tensor) {
    setLists(inputs: inputs.filter { $0 != value })
    makeConstant(value, tensor)
  }

  /// Renames a value; returns the name it got, made unique.
  @discardableResult
  public mutating func rename(_ value: ValueID, to name: String) -> String {
    names[self[value].name] = nil
    let unique = uniqueName(name)
    values[value.index]?.name = unique
    names[unique] = value
    return unique
  }

  public mutating func setType(of value: ValueID, to type: ValueType) { values[value.index]?.type = type }

  public mutating func setContents(of value: ValueID, to contents: Contents?) {
    values[value.index]?.contents = contents
  }

  /// Turns a value into a constant; its producer keeps the other outputs.
  public mutating func makeConstant(_ value: ValueID, _ tensor: Tensor) {
    if let producer = self[value].producer { nodes[producer.node.index]?.outputs[producer.output] = nil }
    values[value.index]?.producer = nil
    values[value.index]?.constant = tensor
    values[value.index]?.type = .tensor(tensor.type)
    values[value.index]?.contents = nil
  }

  /// Changes the record of a node (name, provenance, rank).
  public mutating func annotate(_ id: NodeID, _ change: (inout Node) -> Void) {
    guard var node = nodes[id.index] else { return }
    change(&node)
    nodes[id.index]?.name = node.name
    nodes[id.index]?.sources = node.sources
    nodes[id.index]?.history = node.history
    nodes[id.index]?.rank = node.rank
  }

  private mutating func dropUser(_ node: NodeID, of value: ValueID) {
    guard let position = values[value.index]?.users.firstIndex(of: node) else { return }
    values[value.index]?.users.remove(at: position)
  }

  /// Removes nodes whose outputs nobody reads, and constants without readers. Returns how many nodes went.
  @discardableResult
  public mutating func removeDead() -> Int {
    var removed = 0
    let needed = Set(outputs)
    var pending = nodes.compactMap { $0?.id }
    while let id = pending.popLast() {
      guard contains(id) else { continue }
      let node = self[id]
      guard node.outputs.allSatisfy({ $0.map { self[$0].users.isEmpty && !needed.contains($0) } ?? true })
      else { continue }
      let feeding = node.inputs.compactMap { producer(of: $0)?.id }
      removeNode(id)
      removed += 1
      pending += feeding
    }
    let kept = Set(inputs).union(needed)
    for value in values.compactMap({ $0 })
    where value.producer == nil && value.users.isEmpty && !kept.contains(value.id) { removeValue(value.id) }
    return removed
  }
}
