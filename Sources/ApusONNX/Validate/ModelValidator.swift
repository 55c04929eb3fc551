import ApusCore

/// Finds everything in a model that breaks the rules of ONNX or that no importer takes, without stopping at the first.
struct ModelValidator {
  let table: ImporterTable
  let schemas = SchemaTable.shared
  /// Functions of the model itself.
  let functions: Set<ModelImport.FunctionKey>
  private(set) var problems: [Problem] = []
  /// Broken rules that do not keep the model from being understood.
  private(set) var notes: [Problem] = []

  init(_ model: Onnx_ModelProto, table: ImporterTable) {
    self.table = table
    functions = Set(model.functions.map { ModelImport.FunctionKey($0) })
  }

  mutating func report(_ problem: Problem) { problems.append(problem) }
  mutating func note(_ problem: Problem) { notes.append(problem) }

  mutating func validate(_ model: Onnx_ModelProto, opsets: [String: Int]) {
    validateVersions(model, opsets: opsets)
    validateFunctions(model)
    guard model.hasGraph else {
      return report(Problem(.invalidGraph, "the model has no graph", fix: "export the model again"))
    }
    validateInputs(of: model.graph, irVersion: Int(model.irVersion))
    validate(model.graph, in: Surroundings(opsets: opsets))
  }

  private mutating func validateVersions(_ model: Onnx_ModelProto, opsets: [String: Int]) {
    let newest = OperatorSchemas.irVersion
    if !(1...Int64(newest)).contains(model.irVersion) {
      report(
        Problem(
          .unsupportedVersion, "the IR version is \(model.hasIrVersion ? "unknown" : "missing")",
          attribute: "ir_version", value: "\(model.irVersion)", allowed: "1 to \(newest)",
          fix: "export with an older `ir_version`, or update Apus"))
    }
    validate(model.opsetImport, of: "the model")
    if model.irVersion >= 3 && model.opsetImport.isEmpty {
      report(
        Problem(
          .invalidGraph, "the model imports no operator set", attribute: "opset_import",
          fix: "add the version of the operator set that it was written for"))
    }
  }

  mutating func validate(_ imports: [Onnx_OperatorSetIdProto], of owner: String) {
    var seen: [String: Int64] = [:]
    for entry in imports {
      let domain = ImporterTable.normalized(entry.domain)
      if let other = seen.updateValue(entry.version, forKey: domain), other != entry.version {
        report(
          Problem(
            .invalidGraph, "\(owner) imports two versions of one operator set", domain: domain,
            attribute: "opset_import", value: "\(other) and \(entry.version)"))
      }
      let newest = domain.isEmpty ? OperatorSchemas.newest[domain] ?? .max : .max
      if entry.version < 1 || entry.version > newest {
        report(
          Problem(
            .unsupportedVersion, "\(owner) imports an operator set of an unknown version", domain: domain,
            attribute: "opset_import", value: "\(entry.version)",
            allowed: newest == .max ? "1 and more" : "1 to \(newest)",
            fix: "convert the model with `onnx.version_converter`, or export it with an older `opset_version`"
          ))
      }
    }
  }

  private mutating func validateInputs(of graph: Onnx_GraphProto, irVersion: Int) {
    let inputs = Set(graph.input.map(\.name))
    for tensor in graph.initializer where irVersion < 4 && !inputs.contains(tensor.name) {
      note(
        Problem(
          .invalidGraph, "before IR version 4 an initializer must be a graph input too", value: tensor.name))
      break
    }
    for input in graph.input where input.type.value == nil {
      guard !graph.initializer.contains(where: { $0.name == input.name }) else { continue }
      report(
        Problem(
          .invalidGraph, "graph input '\(input.name)' has no type", value: input.name,
          fix: "declare its element type"))
    }
    if graph.name.isEmpty { note(Problem(.invalidGraph, "the graph has no name")) }
  }

  private mutating func validateFunctions(_ model: Onnx_ModelProto) {
    var seen: Set<ModelImport.FunctionKey> = []
    for function in model.functions {
      let key = ModelImport.FunctionKey(function)
      if !seen.insert(key).inserted {
        report(
          Problem(
            .duplicateValue, "the function is defined twice", operator: function.name,
            domain: function.domain))
      }
      validate(function.opsetImport, of: "function '\(function.name)'")
      validate(function)
    }
  }
}
