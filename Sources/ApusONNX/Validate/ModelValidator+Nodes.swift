import ApusCore

extension ModelValidator {
  /// A node, and the operator it names.
  struct Place {
    let name: String
    let opType: String
    let domain: String
    let version: Int

    init(_ node: Onnx_NodeProto, opsets: [String: Int]) {
      name = NodeNames.name(of: node)
      opType = node.opType
      domain = ImporterTable.normalized(node.domain)
      version = opsets[domain] ?? 1
    }

    func problem(
      _ id: ProblemID, _ message: String, attribute: String? = nil, value: String? = nil,
      allowed: String? = nil, fix: String? = nil
    ) -> Problem {
      Problem(
        id, message, node: name, operator: opType, domain: domain, opset: version, attribute: attribute,
        value: value, allowed: allowed, fix: fix)
    }
  }

  mutating func validate(
    _ node: Onnx_NodeProto, visible: Set<String>, in around: Surroundings, bodies: Surroundings
  ) {
    let place = Place(node, opsets: around.opsets)
    for input in Set(node.input) where !input.isEmpty && !visible.contains(input) {
      report(
        place.problem(
          .undefinedValue, "input '\(input)' is defined nowhere", value: input,
          fix: "every input must be a graph input, an initializer or the output of another node"))
    }
    validateOperator(node, place, opsets: around.opsets)
    validateAttributeForms(node, place, in: around)
    let graphs = FreeNames.bodies(of: node)
    guard graphs.isEmpty || around.depth < GraphBuilder.depthLimit else {
      return report(
        place.problem(
          .invalidGraph, "bodies lie more than \(GraphBuilder.depthLimit) deep within each other",
          allowed: "\(GraphBuilder.depthLimit)"))
    }
    for graph in graphs { validate(graph, in: bodies) }
  }

  private mutating func validateOperator(_ node: Onnx_NodeProto, _ place: Place, opsets: [String: Int]) {
    if node.opType.isEmpty {
      return report(place.problem(.invalidGraph, "the node names no operator"))
    }
    if functions.contains(ModelImport.FunctionKey(node)) { return }
    let isPlugin = !isStandard(place) && table.pluginImporter(place.opType) != nil
    // Exporters of plugin nodes often leave their domain out of the imports.
    if isPlugin { return }
    if opsets[place.domain] == nil {
      report(
        place.problem(
          .invalidGraph, "the operator set of domain '\(place.domain)' is not imported",
          attribute: "opset_import", fix: "add it to the imports of the model or function"))
    }
    let schema = schemas.schema(domain: place.domain, opType: place.opType, version: place.version)
    guard isStandard(place) else { return report(unsupported(place, schema)) }
    guard let schema, !schema.isDeprecated else { return }
    validateCounts(node, place, schema)
    validateAttributes(node, place, schema)
  }

  private func isStandard(_ place: Place) -> Bool {
    table.importer(domain: place.domain, opType: place.opType, version: place.version) != nil
      || SchemaFunctions.body(domain: place.domain, opType: place.opType, version: place.version) != nil
  }

  private func unsupported(_ place: Place, _ schema: OperatorSchema?) -> Problem {
    let versions = table.versions(domain: place.domain, opType: place.opType)
    if !versions.isEmpty {
      let spans = versions.map {
        $0.upperBound == .max ? "from \($0.lowerBound)" : "\($0.lowerBound) to \($0.upperBound)"
      }
      return place.problem(
        .unsupportedOperator, "the operator does not exist, or is not supported, in this version",
        allowed: "operator set " + spans.joined(separator: ", "),
        fix: "convert the model to another operator set")
    }
    if let first = schemas.firstVersion(domain: place.domain, opType: place.opType) {
      return schema == nil
        ? place.problem(
          .unsupportedOperator, "the operator is newer than the operator set that the model imports",
          allowed: "operator set from \(first)", fix: "correct `opset_import`, or export the model again")
        : place.problem(
          .unsupportedOperator, "the operator is not supported",
          fix: "write it with other operators, or give a plugin that implements it")
    }
    var fix = "give a plugin or a model-local function that implements it"
    let known = table.operators(in: place.domain) + schemas.operators.map(\.opType)
    let elsewhere = schemas.operators.first { $0.opType == place.opType }
    if let elsewhere {
      fix = "it is known in the domain '\(elsewhere.domain.isEmpty ? "ai.onnx" : elsewhere.domain)'; " + fix
    } else if let near = NearestName.of(place.opType, in: Set(known).sorted()) {
      fix = "did you mean \(near)? Otherwise " + fix
    }
    return place.problem(.unsupportedOperator, "the operator is unknown", fix: fix)
  }

  private mutating func validateCounts(_ node: Onnx_NodeProto, _ place: Place, _ schema: OperatorSchema) {
    func span(_ range: ClosedRange<Int>) -> String {
      if range.upperBound == .max { return "\(range.lowerBound) and more" }
      return range.lowerBound == range.upperBound
        ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
    }
    if !schema.inputCount.contains(node.input.count) {
      report(
        place.problem(
          .wrongInputCount, "the node has \(node.input.count) inputs", value: "\(node.input.count)",
          allowed: span(schema.inputCount)))
    }
    if !schema.outputCount.contains(node.output.count) {
      report(
        place.problem(
          .wrongInputCount, "the node has \(node.output.count) outputs", value: "\(node.output.count)",
          allowed: span(schema.outputCount)))
    }
    for (index, input) in node.input.enumerated() where input.isEmpty && index < schema.inputs.count {
      if schema.inputs[index] == .single {
        report(place.problem(.wrongInputCount, "input \(index) is required but left out"))
      }
    }
  }
}
