import ApusCore

extension GraphBuilder {
  /// Reports each attribute of a node that its importer refuses, whatever the inputs at `failed` are: these stand there
  /// as tensors of any shape.
  ///
  /// An importer stops at its first refusal. It is asked again with what it allows instead, and a further attribute is
  /// reported when none of that helps, so that values which only disagree with a refused one are not blamed.
  func reportRefusedAttributes(of node: SourceNode, _ importer: Importer, _ failed: Set<Int>) {
    for refusal in refusals(of: node, importer, failed) { model.report(problem(refusal, at: node)) }
  }

  private func refusals(
    of node: SourceNode, _ importer: Importer, _ failed: Set<Int>, after found: [OperatorError] = []
  ) -> [OperatorError] {
    guard found.count < 16, let refusal = refusal(of: node, importer, failed), let name = refusal.attribute,
      !found.contains(where: { $0.attribute == name })
    else { return found }
    var common: [OperatorError]?
    for value in Self.alternatives(refusal, node) {
      var other = node
      other.attributes[name] = value
      let further = refusals(of: other, importer, failed, after: found + [refusal])
      common = common?.filter { known in further.contains { $0.attribute == known.attribute } } ?? further
    }
    return common ?? found + [refusal]
  }

  /// Names that the refusal allows, each as the attribute's value; nil, which is the default, where it gives none.
  private static func alternatives(_ refusal: OperatorError, _ node: SourceNode) -> [AttributeValue?] {
    guard let name = refusal.attribute, case .string? = node.attributes[name], let allowed = refusal.allowed
    else { return [nil] }
    return allowed.split(separator: ", ").map { .string(String($0)) }
  }

  /// The attribute that the importer refuses first; nil when it refuses none.
  private func refusal(
    of node: SourceNode, _ importer: Importer, _ failed: Set<Int>
  ) -> OperatorError? {
    let trial = ImportScope(graph: Graph(name: ""), symbols: SymbolSource())
    trial.source = node.name
    var node = node
    node.inputs = node.inputs.enumerated().map { index, input in
      if failed.contains(index) { return trial.graph.addInput("\(index)", .tensor(.f32, nil)) }
      return input.map { copy($0, as: "\(index)", to: trial) }
    }
    do {
      _ = try importer.build(node, trial)
      return nil
    } catch {
      guard let error = error as? OperatorError, let name = error.attribute, node.has(name) else {
        return nil
      }
      return error.id == .unsupportedAttribute || error.id == .invalidAttribute ? error : nil
    }
  }

  private func copy(_ value: ValueID, as name: String, to trial: ImportScope) -> ValueID {
    let known = scope.graph[value]
    if let constant = known.constant { return trial.graph.addConstant(constant, name: name) }
    let copy = trial.graph.addInput(name, known.type)
    trial.graph.setContents(of: copy, to: known.contents)
    return copy
  }
}
