import ApusCore

extension GraphBuilder {
  /// The branch of an `If` that is always taken, when shapes or constants decide its condition; nil otherwise.
  ///
  /// Exporters write such nodes for cases that a static shape excludes: the other branch may then not even fit the
  /// types of the values it reads, so it must not be looked at.
  func decidedBranch(of proto: Onnx_NodeProto) -> Onnx_GraphProto? {
    guard proto.opType == "If", ImporterTable.normalized(proto.domain).isEmpty, depth < Self.depthLimit,
      let name = proto.input.first, case .value(let value)? = names[name],
      let condition = scope.known(value), condition.dtype == .bool, condition.elementCount == 1
    else { return nil }
    let wanted = condition.integers().first == 0 ? "else_branch" : "then_branch"
    return resolvedAttributes(of: proto).first { $0.name == wanted && $0.hasG }?.g
  }

  /// Imports a branch in the place of its `If`.
  func inline(_ branch: Onnx_GraphProto, of proto: Onnx_NodeProto) {
    let name = prefix + NodeNames.name(of: proto)
    let inner = GraphBuilder(
      model, scope: scope, opsets: opsets, arguments: arguments, prefix: name + "/", depth: depth + 1,
      callers: callers)
    inner.names = names
    inner.named = named
    inner.addInitializers(branch)
    inner.addNodes(branch.node)
    for (index, output) in proto.output.enumerated() where !output.isEmpty {
      let result = index < branch.output.count ? inner.names[branch.output[index].name] : nil
      if case .value(let value)? = result {
        claim(value, prefix + output)
        names[output] = .value(value)
      } else {
        names[output] = .failed
        if result == nil {
          model.report(
            Problem(
              .undefinedValue, "the branch does not define output \(index)", node: name,
              operator: proto.opType,
              value: output))
        }
      }
    }
  }
}
