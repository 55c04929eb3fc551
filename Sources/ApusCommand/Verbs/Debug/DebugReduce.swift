import Apus
import ApusONNX
import ArgumentParser

/// `apus debug reduce MODEL -o FOLDER`
struct DebugReduce: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reduce",
    abstract: "Reduces a failing or differing model to the smallest part that still fails, with its data.",
    discussion: """
      The check is whether the model imports, optimizes and runs, with the outputs that it has without optimizing;
      --check gives another one: a command in which {model} and {data} stand for the model and the folder of its
      inputs, and which fails where its exit status is not 0.

      Example:
        apus debug reduce model.onnx -o reproducer
        apus debug reduce model.onnx -o reproducer --check 'apus compare {model} other.engine --data {data}'
      """)

  @Argument(help: "ONNX model.") var model: String
  @Option(name: .shortAndLong, help: "Folder to write: model, data, machine, command and log.") var output:
    String
  @Option(help: "Sample that the model fails on; generated without.") var data: String?
  @Option(help: "What is done to pictures.") var preprocess: String?
  @Option(help: "Input shape of generated data: NAME=1x3x224x224.") var shapes: [String] = []
  @Option(help: "Command that fails where the model is wrong.") var check: String?
  @Option(help: "Device that the optimized model runs on.") var device = "auto"
  @Flag(help: "Holds the optimized model against the operators' references.") var reference = false
  @Option(help: "Relative tolerance.") var rtol = 1e-3
  @Option(help: "Absolute tolerance.") var atol = 1e-5
  @Option(help: "Seed of generated data.") var seed: UInt64 = 0
  @OptionGroup var plugins: PluginOptions
  @Flag(help: "Prints one JSON document.") var json = false
  @Flag(name: .shortAndLong, help: "Says more.") var verbose = false

  private struct Document: Encodable {
    var model: String
    var fails: Bool
    var failure: ModelFailure?
    var nodesBefore: Int
    var nodesAfter: Int?
    var folder: String?
  }

  func run() throws {
    try plugins.load()
    let original = try EditableModel.load(path: model)
    var run = ModelRun(tactics: try Device(parsing: device).tactics())
    run.usesReferences = reference
    let inputs = try samples(original, run)
    var log: [String] = []
    let note = { (text: String) in
      log.append(text)
      if verbose { Output.note(text) } else { Output.progress(text) }
    }
    var reducer = ModelReducer(
      original, inputs: inputs, check: try failureCheck(run), run: run, progress: note)
    let reduced = try reducer.reduce()
    Output.endProgress()
    var document = Document(model: model, fails: reduced != nil, nodesBefore: original.nodes.count)
    if let reduced {
      document.failure = reduced.failure
      document.nodesAfter = reduced.model.nodes.count
      document.folder = output
      try ReproductionKit(reduced, run: run, options: failureOptions, log: log).write(to: output)
    }
    if json { return try Output.json(document) }
    guard let reduced else { return Output.line("\(model) does not fail") }
    Output.line("\(document.nodesBefore) -> \(reduced.model.nodes.count) nodes: \(reduced.failure)")
    Output.line("\(output): model.onnx, test_data_set_0, machine.json, command.txt, log.txt")
  }

  /// What makes the check, for the command that repeats it; data and shapes are the kit's.
  private var failureOptions: [String] {
    var options = ["--device", device]
    if let check { options += ["--check", check] }
    if reference { options.append("--reference") }
    options += ["--rtol", "\(rtol)", "--atol", "\(atol)"]
    for plugin in plugins.libraries { options += ["--plugin", plugin] }
    return options
  }

  private func failureCheck(_ run: ModelRun) throws -> any FailureCheck {
    if let check { return try CommandCheck(check) }
    var built = OptimizedModelCheck(run)
    (built.rtol, built.atol) = (rtol, atol)
    return built
  }

  /// A model that does not import cannot tell the ranges of its inputs; their declared types must do then.
  private func samples(_ original: EditableModel, _ run: ModelRun) throws -> [String: Value] {
    let defaults = Set(original.initializerNames)
    let inputs = original.inputNames.filter { !defaults.contains($0) }.compactMap { name in
      original.declaredType(of: name)?.tensor.map { DataSource.Input(name: name, type: $0) }
    }
    if let data {
      return try DataArguments.open(data, inputs: inputs, preprocess: preprocess).sample(0).mapValues(
        Value.tensor)
    }
    var symbols: [String: Int] = [:]
    for (name, shape) in try ShapeArguments.fixed(shapes) {
      for (dim, size) in zip(original.declaredType(of: name)?.tensor?.shape ?? [], shape) {
        if let symbol = dim.symbolName { symbols[symbol] = size }
      }
    }
    if let drawn = try? run.randomInputs(of: original, seed: seed, symbols: symbols) { return drawn }
    return try DataSource.generated(RandomData(seed: seed, symbols: symbols), inputs: inputs).sample(0)
      .mapValues(Value.tensor)
  }
}
