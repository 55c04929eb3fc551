import ApusCore

extension GraphBuilder {
  /// Imports a function's nodes in the place of a call, of which the inputs at `failed` could not be imported.
  func inline(
    _ function: Onnx_FunctionProto, _ call: Onnx_NodeProto, _ node: SourceNode, _ failed: Set<Int>
  ) {
    let key = ModelImport.FunctionKey(function)
    guard depth < Self.depthLimit, !callers.contains(key) else {
      if callers.contains(key) {
        model.report(
          Problem(
            .invalidGraph, "the function calls itself", node: node.name, operator: node.opType,
            domain: node.domain, fix: "functions must not be recursive; use Loop"))
      } else {
        reportDepth(node)
      }
      return fail(call)
    }
    var arguments: [String: Onnx_AttributeProto] = [:]
    for attribute in function.attributeProto { arguments[attribute.name] = attribute }
    for attribute in resolvedAttributes(of: call) { arguments[attribute.name] = attribute }
    var opsets = self.opsets
    for entry in function.opsetImport {
      opsets[ImporterTable.normalized(entry.domain)] = Int(clamping: entry.version)
    }
    let inner = GraphBuilder(
      model, scope: scope, opsets: opsets, arguments: arguments, prefix: node.name + "/", depth: depth + 1,
      callers: callers + [key])
    for (index, name) in function.input.enumerated() {
      if index < node.inputs.count, let value = node.inputs[index] {
        inner.bind(name, to: value)
      } else {
        inner.names[name] = failed.contains(index) ? .failed : .absent
      }
    }
    inner.addNodes(function.node)
    bindResults(of: function, inner, call, node)
  }

  private func bindResults(
    of function: Onnx_FunctionProto, _ inner: GraphBuilder, _ call: Onnx_NodeProto, _ node: SourceNode
  ) {
    for (index, output) in call.output.enumerated() where !output.isEmpty {
      let result = index < function.output.count ? inner.names[function.output[index]] : nil
      switch result {
      case .value(let value)?:
        claim(value, prefix + output)
        names[output] = .value(value)
      case .failed?: names[output] = .failed
      case .absent?, nil:
        names[output] = .failed
        model.report(
          Problem(
            .undefinedValue, "the function does not define output \(index)", node: node.name,
            operator: node.opType, domain: node.domain, value: output))
      }
    }
  }
}
