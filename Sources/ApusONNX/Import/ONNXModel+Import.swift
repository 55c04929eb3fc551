public import ApusCore

extension ONNXModel {
  /// Turns the model into a graph. Throws every problem that is found, each with its place.
  ///
  /// Weights are views of the mapped files. Values keep their names, nodes too; a node without a name gets one from its
  /// operator and first output.
  public func importGraph(
    catalogue: OperatorCatalogue, options: ImportOptions = ImportOptions()
  ) throws -> ImportedModel {
    let table = ImporterTable(catalogue, plugins: options.plugins)
    var validator = ModelValidator(proto, table: table)
    validator.validate(proto, opsets: opsets)
    let external = ExternalData(modelPath: path)
    let inputs = GraphInputs(proto.graph, fixed: options.fixedShapes)
    let tensors = TensorDecoder(
      source: source, external: external,
      randomWeights: options.randomWeights.map { RandomWeights(seed: $0, for: proto.graph) })
    let model = ModelImport(proto, table: table, tensors: tensors, sizes: inputs.sizes)
    model.add(validator.problems)
    let scope = ImportScope(graph: Graph(name: proto.graph.name), symbols: model.symbols)
    let builder = GraphBuilder(model, scope: scope, opsets: opsets)
    inputs.add(to: builder)
    builder.addInitializers(proto.graph)
    builder.addNodes(proto.graph.node)
    let outputs = builder.outputs(proto.graph.output)
    guard model.problems.isEmpty, let outputs else {
      let problems =
        model.problems.isEmpty
        ? [Problem(.internalError, "the import failed without a reason")] : model.problems
      throw ApusError(problems.category, inFile(problems))
    }
    scope.graph.setOutputs(outputs)
    var metadata = self.metadata
    metadata.files += external.files.values.map(\.file.path).sorted()
    return ImportedModel(
      graph: scope.graph, outputNames: proto.graph.output.map(\.name), metadata: metadata,
      notes: inFile(validator.notes))
  }

  func inFile(_ problems: [Problem]) -> [Problem] {
    problems.map { problem in
      var placed = problem
      placed.file = problem.file ?? path
      return placed
    }
  }

  /// What the model says about itself.
  public var metadata: ModelMetadata {
    ModelMetadata(
      producerName: proto.producerName, producerVersion: proto.producerVersion, domain: proto.domain,
      modelVersion: Int(proto.modelVersion), documentation: proto.docString, irVersion: Int(proto.irVersion),
      opsets: opsets,
      properties: Dictionary(proto.metadataProps.map { ($0.key, $0.value) }) { _, last in last },
      files: path.map { [$0] } ?? [])
  }

  /// Imported operator sets; files before IR version 3 have none and mean version 1.
  var opsets: [String: Int] {
    var opsets: [String: Int] = [:]
    for entry in proto.opsetImport {
      opsets[ImporterTable.normalized(entry.domain)] = Int(clamping: entry.version)
    }
    if opsets[""] == nil && proto.irVersion < 3 { opsets[""] = 1 }
    return opsets
  }
}

extension [Problem] {
  /// The class of an error that consists of these problems.
  var category: ApusError.Category {
    func all(_ ids: ProblemID...) -> Bool { allSatisfy { ids.contains($0.id) } }
    if all(.fileMissing) { return .missingFile }
    if all(.unknownInputName) { return .usage }
    if all(.inputShape) { return .invalidInput }
    if all(.internalError) { return .internal }
    if all(.unsupportedOperator) { return .unsupportedOperator }
    if all(.unsupportedAttribute, .unsupportedType, .unsupportedVersion, .unsupportedOperator) {
      return .unsupportedParameter
    }
    return .invalidModel
  }
}
