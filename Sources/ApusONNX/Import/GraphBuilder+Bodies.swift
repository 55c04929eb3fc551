import ApusCore

extension GraphBuilder {
  /// Closes the bodies of a node and puts them among its attributes. Returns the captured values, which become further
  /// inputs of the node and of every body, in one order; constants are copied into the bodies instead. nil when a body
  /// could not be imported; all are looked through for problems even so.
  func addBodies(
    _ attributes: [Onnx_AttributeProto], formal: [ValueID?], _ failed: Set<Int>, to node: inout SourceNode
  ) -> [ValueID]? {
    guard depth < Self.depthLimit else {
      reportDepth(node)
      return nil
    }
    let bodies = attributes.filter { $0.hasG || !$0.graphs.isEmpty }
    var (captures, constants, seen) = ([(String, ValueID)](), [(String, ValueID)](), Set<String>())
    var (absent, unknown) = ([String](), [String]())
    for name in bodies.flatMap({ ($0.hasG ? [$0.g] : []) + $0.graphs }).flatMap({ FreeNames.of($0) })
    where seen.insert(name).inserted {
      switch names[name] {
      case .value(let value) where scope.graph[value].constant != nil: constants.append((name, value))
      case .value(let value): captures.append((name, value))
      case .absent: absent.append(name)
      case .failed: unknown.append(name)
      case nil:
        unknown.append(name)
        model.report(
          Problem(
            .undefinedValue, "a body reads '\(name)', which is defined nowhere", node: node.name,
            operator: node.opType, value: name, fix: "define it in the body or in a graph around it"))
      }
    }
    let surroundings = Surroundings(
      captures: captures, constants: constants, absent: absent, unknown: unknown,
      passesUnknown: !failed.isEmpty)
    let taken = decidedBranch(node, condition: formal.first ?? nil)
    var isComplete = unknown.isEmpty
    for attribute in bodies where taken == nil || attribute.name == taken {
      let closed = ((attribute.hasG ? [attribute.g] : []) + attribute.graphs).map {
        body($0, surroundings, formal: formal, of: node)
      }
      let graphs = closed.compactMap { $0 }
      guard graphs.count == closed.count else {
        isComplete = false
        continue
      }
      node.attributes[attribute.name] =
        attribute.hasG ? graphs.first.map { .graph($0) } : .list(graphs.map { .graph($0) })
    }
    guard isComplete else { return nil }
    if let taken, let graph = node.attributes[taken] {
      for attribute in bodies { node.attributes[attribute.name] = graph }
    }
    return captures.map(\.1)
  }

  /// The branch of an If whose condition is known. The other one never runs and may not even fit its inputs: exporters
  /// write code for every rank and choose by the shape.
  private func decidedBranch(_ node: SourceNode, condition: ValueID?) -> String? {
    guard node.opType == "If", node.domain.isEmpty, let known = scope.known(condition),
      known.elementCount == 1
    else { return nil }
    return known.integers()[0] != 0 ? "then_branch" : "else_branch"
  }

  /// What a body sees of the graph around it.
  struct Surroundings {
    let captures: [(String, ValueID)]
    let constants: [(String, ValueID)]
    let absent: [String]
    /// What could not be imported.
    let unknown: [String]
    /// Whether the node passes in what could not be imported.
    let passesUnknown: Bool
  }

  private func body(
    _ proto: Onnx_GraphProto, _ around: Surroundings, formal: [ValueID?], of node: SourceNode
  ) -> Graph? {
    let inner = GraphBuilder(
      model, scope: ImportScope(graph: Graph(name: proto.name), symbols: model.symbols), opsets: opsets,
      arguments: arguments, depth: depth + 1, callers: callers)
    let types = innerTypes
    for (index, input) in proto.input.enumerated() {
      let passed = formal.map { $0.map { scope.type($0) } }
      if let type = inner.formalType(
        input, types, index, passed, of: node, reports: !around.passesUnknown)
      {
        inner.bind(input.name, to: inner.scope.graph.addInput(input.name, type))
      } else if around.passesUnknown {
        inner.names[input.name] = .failed
      } else {
        return nil
      }
    }
    for (name, value) in around.captures {
      let outer = scope.graph[value]
      let copy = inner.scope.graph.addInput(name, outer.type)
      inner.scope.graph.setContents(of: copy, to: outer.contents)
      if inner.names[name] == nil { inner.bind(name, to: copy) }
    }
    let used = Set(FreeNames.of(proto))
    for (name, value) in around.constants where used.contains(name) && inner.names[name] == nil {
      guard let tensor = scope.graph[value].constant else { continue }
      inner.bind(name, to: inner.scope.graph.addConstant(tensor, name: name))
    }
    for name in around.absent where inner.names[name] == nil { inner.names[name] = .absent }
    for name in around.unknown where inner.names[name] == nil { inner.names[name] = .failed }
    inner.addInitializers(proto, besides: Set(proto.input.map(\.name)))
    inner.addNodes(proto.node)
    guard let outputs = inner.outputs(proto.output) else { return nil }
    inner.scope.graph.setOutputs(outputs)
    return inner.scope.graph
  }

  /// The declared type of a body's input or, where the body leaves it out, the one of what the node passes in.
  private func formalType(
    _ input: Onnx_ValueInfoProto, _ types: DeclaredTypes, _ index: Int, _ passed: [ValueType?],
    of node: SourceNode, reports: Bool
  ) -> ValueType? {
    do throws(TensorFault) {
      if let type = try types.type(input.type, of: input.name) { return type }
    } catch {
      model.report(error.problem(tensor: input.name, node: node.name, operator: node.opType))
      return nil
    }
    if let type = BodyInputs.type(index, of: node.opType, version: node.version, passed: passed) {
      return type
    }
    guard reports else { return nil }
    model.report(
      Problem(
        .invalidGraph, "input '\(input.name)' of a body has no type", node: node.name, operator: node.opType,
        value: input.name, fix: "declare its type"))
    return nil
  }

  func reportDepth(_ node: SourceNode) {
    model.report(
      Problem(
        .invalidGraph, "bodies and function calls lie more than \(Self.depthLimit) deep within each other",
        node: node.name, operator: node.opType, allowed: "\(Self.depthLimit)"))
  }
}

/// How inputs of ONNX's control flow operators arrive in their bodies.
enum BodyInputs {
  /// Type of input `index` of the body, as far as it follows from the inputs of the node; dimensions may change from
  /// one iteration to the next, so only the element type is sure.
  static func type(_ index: Int, of opType: String, version: Int, passed: [ValueType?]) -> ValueType? {
    func input(_ index: Int) -> ValueType? { index < passed.count ? passed[index] : nil }
    switch opType {
    case "Loop":
      if index == 0 { return .tensor(.i64, []) }
      if index == 1 { return .tensor(.bool, []) }
      return input(index).map(open)
    case "Scan": return input(version < 9 ? index + 1 : index).map(open)
    case "SequenceMap":
      if case .sequence(let element)? = input(index) { return open(element) }
      return input(index).map(open)
    default: return nil
    }
  }

  private static func open(_ type: ValueType) -> ValueType {
    if let tensor = type.tensor { return .tensor(tensor.dtype, nil) }
    return type
  }
}
