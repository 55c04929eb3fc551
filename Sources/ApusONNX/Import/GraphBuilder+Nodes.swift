import ApusCore

extension GraphBuilder {
  /// Imports one node by its importer, by inlining the function it calls, or by the function body of its schema.
  func add(_ proto: Onnx_NodeProto, rank: Int) {
    guard model.countNode() else { return fail(proto) }
    if let branch = decidedBranch(of: proto) { return inline(branch, of: proto) }
    guard let (node, failed) = sourceNode(proto) else { return fail(proto) }
    if let function = model.functions[ModelImport.FunctionKey(proto)] {
      return inline(function, proto, node, failed)
    }
    let own = model.table.importer(domain: node.domain, opType: node.opType, version: node.version)
    if own == nil,
      let body = SchemaFunctions.body(domain: node.domain, opType: node.opType, version: node.version)
    {
      return inline(body, proto, node, failed)
    }
    guard let importer = own ?? model.table.pluginImporter(node.opType) else {
      model.report(unsupported(node))
      return fail(proto)
    }
    if failed.isEmpty {
      scope.source = node.name
      do { return finish(node, proto, try importer.build(node, scope)) } catch {
        model.report(problem(error, at: node))
      }
    }
    reportRefusedAttributes(of: node, importer, failed)
    fail(proto)
  }

  /// Binds what an importer built to the names of the source.
  private func finish(_ node: SourceNode, _ proto: Onnx_NodeProto, _ built: [ValueID?]) {
    for (index, output) in proto.output.enumerated() where !output.isEmpty {
      guard index < built.count, let value = built[index] else {
        model.report(
          Problem(
            .wrongInputCount, "output \(index) is not produced", node: node.name, operator: node.opType,
            domain: node.domain, opset: node.version, value: output, fix: "remove the output"))
        names[output] = .failed
        continue
      }
      claim(value, prefix + output)
      names[output] = .value(value)
    }
  }

  /// Gives a value the name that the source has for it, unless it carries another one already.
  func claim(_ value: ValueID, _ name: String) {
    guard named.insert(value).inserted, scope.graph[value].name != name else { return }
    if let holder = scope.graph.value(named: name), !named.contains(holder) {
      scope.graph.rename(holder, to: name + ".helper")
    }
    scope.graph.rename(value, to: name)
  }

  func fail(_ proto: Onnx_NodeProto) { for output in proto.output { names[output] = .failed } }

  /// The node with its inputs looked up and its attributes decoded, and the places of inputs that could not be imported;
  /// nil when an attribute cannot be decoded.
  private func sourceNode(_ proto: Onnx_NodeProto) -> (node: SourceNode, failed: Set<Int>)? {
    let domain = ImporterTable.normalized(proto.domain)
    let own = NodeNames.name(of: proto)
    var (inputs, failed) = lookUp(proto.input, node: own, proto.opType)
    let resolved = resolvedAttributes(of: proto)
    let hasBodies = resolved.contains { $0.hasG || !$0.graphs.isEmpty }
    var node = SourceNode(
      name: prefix + own, opType: proto.opType, domain: domain, version: opsets[domain] ?? 1,
      outputs: proto.output.map { $0.isEmpty ? "" : prefix + $0 })
    guard decode(resolved, into: &node, isCall: model.functions[ModelImport.FunctionKey(proto)] != nil) else {
      return nil
    }
    if hasBodies {
      guard let captures = addBodies(resolved, formal: inputs, failed, to: &node) else { return nil }
      inputs += captures
      node.captures = captures.count
    } else {
      while inputs.last == .some(nil), !failed.contains(inputs.count - 1) { inputs.removeLast() }
    }
    node.inputs = inputs
    return (node, failed)
  }

  /// Values of inputs, nil for those that are absent, and the places of those that failed.
  private func lookUp(_ list: [String], node: String, _ opType: String) -> ([ValueID?], Set<Int>) {
    var (inputs, failed) = ([ValueID?](), Set<Int>())
    for (index, name) in list.enumerated() {
      var input: ValueID?
      switch name.isEmpty ? .absent : names[name] {
      case .value(let value): input = value
      case .absent: break
      case .failed: failed.insert(index)
      case nil:
        failed.insert(index)
        model.report(
          Problem(
            .undefinedValue, "input '\(name)' is defined nowhere", node: node, operator: opType, value: name,
            fix: "every input must be a graph input, an initializer or the output of another node"))
      }
      inputs.append(input)
    }
    return (inputs, failed)
  }

  /// The attributes of a node with references to attributes of the function filled in.
  func resolvedAttributes(of proto: Onnx_NodeProto) -> [Onnx_AttributeProto] {
    proto.attribute.compactMap { attribute in
      guard !attribute.refAttrName.isEmpty else { return attribute }
      guard var value = arguments[attribute.refAttrName] else { return nil }
      value.name = attribute.name
      return value
    }
  }

  private func decode(_ attributes: [Onnx_AttributeProto], into node: inout SourceNode, isCall: Bool) -> Bool
  {
    // A function reads its attributes in the form of the file.
    if isCall { return true }
    var complete = true
    let types = innerTypes
    for attribute in attributes where !attribute.hasG && attribute.graphs.isEmpty {
      do throws(TensorFault) {
        node.attributes[attribute.name] = try attribute.value(model.tensors, types)
      } catch {
        model.report(
          error.problem(
            tensor: attribute.t.name, node: node.name, operator: node.opType, attribute: attribute.name))
        complete = false
      }
    }
    return complete
  }

  func problem(_ error: any Error, at node: SourceNode) -> Problem {
    if let error = error as? OperatorError {
      return error.problem(
        node: node.name, operator: node.opType, domain: node.domain, opset: node.version)
    }
    if let error = error as? ApusError, let first = error.problems.first { return first }
    return Problem(
      .internalError, "\(error)", node: node.name, operator: node.opType, domain: node.domain,
      opset: node.version)
  }

  private func unsupported(_ node: SourceNode) -> Problem {
    Problem(
      .unsupportedOperator, "the operator is not supported", node: node.name, operator: node.opType,
      domain: node.domain, opset: node.version)
  }
}

/// Names for nodes that have none.
enum NodeNames {
  /// The node's own name, else its operator and first output.
  static func name(of proto: Onnx_NodeProto) -> String {
    if !proto.name.isEmpty { return proto.name }
    return proto.output.first { !$0.isEmpty }.map { "\(proto.opType)_\($0)" } ?? proto.opType
  }
}
