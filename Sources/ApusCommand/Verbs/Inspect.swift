import Apus
import ApusOperators
import ArgumentParser

/// `apus inspect FILE`
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows what a model or an engine is.",
    discussion: """
      Example:
        apus inspect resnet50.onnx --dry-run --device cpu
        apus inspect resnet50.engine --verify
      """)

  @Argument(help: "Model or engine.") var file: String
  @Flag(name: .customLong("dry-run"), help: "For a model: which tactic runs each node, or why none does.")
  var dryRun = false
  @Option(help: "Device of the dry run.") var device = "auto"
  @Option(help: "Precision of the dry run.") var precision = "fp32"
  @Flag(help: "Checks every byte of an engine and prints its identity.") var verify = false
  @Flag(help: "Prints the graph in the text form (of an engine: as optimized, before it is lowered).")
  var text = false
  @OptionGroup var plugins: PluginOptions
  @Flag(help: "Prints one JSON document.") var json = false
  @Flag(name: .shortAndLong, help: "Says more.") var verbose = false

  func run() throws {
    try plugins.load()
    if Engine.isEngine(file) {
      try showEngine(try Engine(contentsOf: file))
    } else {
      try showModel(try Model(contentsOf: file))
    }
  }

  private struct EngineDocument: Encodable {
    var header: EngineHeader
    var identity: String
    var layers: [Layer]
    struct Layer: Encodable {
      var name: String
      var `operator`: String
      var tactic: String
      var sources: [String]
      var rules: [String]
    }
  }

  private func showEngine(_ engine: Engine) throws {
    if text { return Output.line(try engine.graph(catalogue: .standard).description) }
    if verify && !json {
      Output.line("\(file): every byte is whole, identity \(engine.identity)")
      return
    }
    let layers = try engine.plan(0).steps.map {
      EngineDocument.Layer(
        name: $0.name, operator: $0.operatorName, tactic: $0.kernel.tactic, sources: $0.sources,
        rules: $0.rules)
    }
    let header = engine.header
    if json {
      return try Output.json(EngineDocument(header: header, identity: engine.identity, layers: layers))
    }
    Output.line(
      "\(file): engine of '\(header.name)', format \(header.formatVersion), Apus \(header.apusVersion)")
    Output.line("source   \(header.source.file) (\(header.source.producer)), digest \(header.source.digest)")
    Output.line("identity \(engine.identity)")
    for plan in header.plans {
      Output.line(
        "plan     \(plan.target.device) \(plan.target.level), \(plan.target.precision), \(plan.steps) steps")
    }
    for input in header.inputs { Output.line("input    \(input.name): \(input.type)") }
    for output in header.outputs { Output.line("output   \(output.name): \(output.type)") }
    for section in header.sections {
      Output.line("section  \(section.name): \(section.byteCount) bytes at \(section.offset)")
    }
    if verbose {
      for layer in layers { Output.line("layer    \(layer.operator) '\(layer.name)' by \(layer.tactic)") }
    }
  }

  private struct ModelDocument: Encodable {
    struct Tensor: Encodable {
      var name: String
      var type: String
    }
    var file: String
    var format: String
    var producer: String
    var opsets: [String: Int]
    var inputs: [Tensor]
    var outputs: [Tensor]
    var operators: [String: Int]
    var nodes: Int
    var weightBytes: Int
    var dryRun: [NodeSupport]?
    /// What the dry run was for.
    var device: String?
  }

  private func survey(_ model: Model, into document: inout ModelDocument) throws {
    guard let precision = BuildOptions.Precision(rawValue: precision) else {
      let allowed = BuildOptions.Precision.allCases.map(\.rawValue).joined(separator: ", ")
      throw ApusError(.usage, Problem(.usage, "unknown precision", value: precision, allowed: allowed))
    }
    let device = try Device(parsing: device)
    let survey = try model.survey(device: device, precision: precision)
    let wanted = device.resolved == .cpu ? "cpu" : "cuda"
    document.dryRun = survey.notes.map { NodeSupport($0, device: wanted) }
    document.device = "\(wanted) (\(survey.isAssumed ? "assumed, none is here: " : "")\(survey.device))"
  }

  private func showModel(_ model: Model) throws {
    let graph = model.source.graph
    if text { return Output.line(graph.description) }
    let tensors = { (ids: [ValueID]) in
      ids.map { ModelDocument.Tensor(name: graph[$0].name, type: graph[$0].type.description) }
    }
    var document = ModelDocument(
      file: file, format: model.source.format, producer: model.source.producer, opsets: model.source.opsets,
      inputs: tensors(graph.inputs), outputs: tensors(graph.outputs), operators: [:], nodes: graph.nodeCount,
      weightBytes: model.source.weightBytes)
    for node in graph.allNodes { document.operators[node.opName, default: 0] += 1 }
    if dryRun { try survey(model, into: &document) }
    if json { return try Output.json(document) }
    Output.line(
      "\(file): \(document.format), \(document.producer), \(document.nodes) nodes, \(Output.text(Double(document.weightBytes) / 1e6, 1)) MB of weights"
    )
    Output.line(
      "opsets   "
        + document.opsets.sorted { $0.key < $1.key }.map {
          "\($0.key.isEmpty ? "ai.onnx" : $0.key) \($0.value)"
        }.joined(separator: ", "))
    for input in document.inputs { Output.line("input    \(input.name): \(input.type)") }
    for output in document.outputs { Output.line("output   \(output.name): \(output.type)") }
    let operators = document.operators.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    Output.line("nodes    " + operators.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
    guard let nodes = document.dryRun else { return }
    for node in nodes { Output.line(node.line) }
    let missing = nodes.count { !$0.supported }
    Output.line(
      "dry run  \(document.device ?? ""), \(precision): \(nodes.count) nodes when optimized, \(missing) not on the device"
    )
  }
}
