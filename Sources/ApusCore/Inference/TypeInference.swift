extension Graph {
  /// Infers types and known contents of one node's outputs from its inputs.
  public mutating func inferTypes(of id: NodeID, symbols: SymbolSource) throws {
    let node = self[id]
    let context = inferenceContext(of: node, symbols: symbols)
    let types = try node.op.infer(context)
    for case let shape? in types.map({ $0.tensor?.shape })
    where shape.contains(where: { ($0.value ?? 0) < 0 }) {
      throw OperatorError(
        .invalidValue,
        "the result would have shape \(Shape(shape).map(\.description).joined(separator: "x"))",
        allowed: "sizes of 0 and more", fix: "check the sizes that the model computes")
    }
    let contents = node.op.propagate(context)
    for (index, output) in node.outputs.enumerated() {
      guard let output else { continue }
      guard index < types.count else {
        throw OperatorError(
          .wrongInputCount, "the node has \(node.outputs.count) outputs, the operator at most \(types.count)")
      }
      values[output.index]?.type = types[index]
      let known = index < contents.count ? contents[index] : nil
      values[output.index]?.contents = known.flatMap { $0.isExact ? $0 : nil }
    }
    for (name, bound) in symbols.bounds where symbolBounds[name] == nil { symbolBounds[name] = bound }
  }

  /// What `op.infer` sees of a node.
  public func inferenceContext(of node: Node, symbols: SymbolSource) -> InferenceContext {
    InferenceContext(
      inputs: node.inputs.map { $0.map { self[$0].type } },
      constants: node.inputs.map { constant($0) },
      contents: node.inputs.map { $0.flatMap { self[$0].contents } },
      outputCount: node.outputs.count, symbols: symbols)
  }

  /// A source of fresh symbol names for this graph.
  public func symbolSource() -> SymbolSource {
    let bounds = symbolBounds
    var used = Set(bounds.keys)
    for value in values {
      if let shape = value?.type.tensor?.shape { for dim in shape { used.formUnion(dim.symbols) } }
    }
    let taken = used
    return SymbolSource { taken.contains($0) }
  }

  /// Infers every node in order; problems are collected, each with its node.
  ///
  /// A value that was known more exactly before (declared by the model) keeps the exact form where the new one only
  /// has a fresh symbol.
  public mutating func inferTypes() -> [Problem] {
    guard let order = topologicalOrder() else { return cycleProblems() }
    let symbols = symbolSource()
    var problems: [Problem] = []
    for id in order {
      do { try inferTypes(of: id, symbols: symbols) } catch {
        problems.append(problem(error, at: id))
      }
    }
    return problems
  }

  func cycleProblems() -> [Problem] {
    nodesOnCycles().map {
      Problem(
        .cycle, "the node is on a cycle or behind one", node: $0.name, operator: $0.opName,
        fix: "break the cycle: every input must come from a node before it, an initializer or a graph input")
    }
  }

  /// An error of one node with its place.
  public func problem(_ error: any Error, at id: NodeID) -> Problem {
    let node = self[id]
    let place =
      node.name.isEmpty ? node.outputs.compactMap { $0.map { self[$0].name } }.first ?? "" : node.name
    if let error = error as? OperatorError { return error.problem(node: place, operator: node.opName) }
    if let error = error as? ApusError, let first = error.problems.first { return first }
    return Problem(.internalError, "\(error)", node: place, operator: node.opName)
  }
}
