import Apus
import ApusONNX
import ApusTactics
import ArgumentParser

/// `apus optimize MODEL -o ENGINE`
struct Optimize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Optimizes a model for this machine and saves it as one engine file.",
    discussion: """
      Example:
        apus optimize resnet50.onnx -o resnet50.engine --shapes input=1x3x224x224:8x3x224x224:32x3x224x224
      """)

  @Argument(help: "Model file (.onnx).") var model: String
  @Option(name: .shortAndLong, help: "Engine file to write.") var output: String
  @Option(help: "auto, cpu, cuda or cuda:N.") var device = "auto"
  @Option(help: "Precisions beside fp32, separated by commas: fp16, bf16, tf32, int8.") var precision: String?
  @Option(help: "o1: fp16 on GPUs, bf16 on CPUs that have it, cosine at least 0.999; o2: o1 and int8.")
  var level: String?
  @Option(
    name: .customLong("min-cosine"),
    help: "Least cosine of each output: as few nodes as that takes stay fp32.")
  var minCosine: Double?
  @Option(help: "Makes a shape static: NAME=1x3x224x224.") var fix: [String] = []
  @Option(help: "Range of accepted shapes: NAME=MIN:OPT:MAX.") var shapes: [String] = []
  @Option(
    name: .customLong("test-data"), help: "Samples: .npz, a folder of them, of test sets or of pictures.")
  var testData: String?
  @Option(help: "What is done to pictures.") var preprocess: String?
  @Option(name: .customLong("input-range"), help: "Range of a generated integer input: NAME=LO:HI.")
  var inputRange: [String] = []
  @Option(
    help: "cuBLASLt and cuDNN beside our own GPU kernels: never, measured (where faster), always, only.")
  var libraries = LibraryUse.measured.rawValue
  @Flag(help: "Refuse what would run by its reference.") var strict = false
  @Flag(help: "Leave the portable graph out of the engine.") var lean = false
  @Flag(help: "No measuring while building: the same bytes every time.") var deterministic = false
  @Flag(help: "Leaves out the comparison of the engine's outputs with the model as imported.")
  var skipAccuracy = false
  @Option(name: .customLong("timing-cache"), help: "File that remembers measurements of kernels.")
  var timingCache: String?
  @Option(help: "Seconds for measuring kernels against each other.") var budget: Double = 60
  @Option(help: "Seed of generated data.") var seed: UInt64 = 0
  @Option(
    name: .customLong("random-weights"),
    help: "Seed of weights that the model's file leaves out (for timing).")
  var randomWeights: UInt64?
  @Option(help: "Threads to tune for (0: one a processor).") var threads = 0
  @Option(help: "Writes the report as JSON.") var report: String?
  @Option(name: .customLong("stop-after"), help: "Stops rewriting after this many rewrites.") var stopAfter:
    Int?
  @OptionGroup var plugins: PluginOptions
  @Flag(help: "Prints the report as JSON on standard output.") var json = false
  @Flag(name: .shortAndLong, help: "Says more.") var verbose = false

  /// What an output of lower precision should reach.
  private static let closeCosine = 0.999

  func run() throws {
    try plugins.load()
    let device = try Device(parsing: device)
    var options = try buildOptions(device)
    let model = try Model(contentsOf: model, randomWeights: randomWeights)
    if let testData { options.testData = try openData(testData, model) }
    let result = try model.optimize(device: device, options)
    Output.endProgress()
    let bytes = try result.save(to: output)
    if let report { try AtomicFile.write(try result.report.json(), to: report) }
    if json { try Output.json(result.report) } else { summarize(result.report, bytes) }
  }

  private func buildOptions(_ device: Device) throws -> BuildOptions {
    var options = BuildOptions()
    options.fixedShapes = try ShapeArguments.fixed(fix)
    options.profiles = try ShapeArguments.profiles(shapes)
    options.precisions = try precisions(device)
    options.threads = threads
    options.strict = strict
    options.libraries = try libraryUse()
    options.lean = lean
    options.deterministic = deterministic
    options.measures = !deterministic
    options.checksAccuracy = !skipAccuracy
    options.minimumCosine = try minimumCosine()
    options.seed = seed
    options.timingCache = timingCache
    options.tuningBudget = .seconds(budget)
    options.progress = Output.progress
    options.isCancelled = Interrupt.catchFirst()
    options.userConfiguration = CommandLine.arguments.dropFirst().joined(separator: " ")
    if let stopAfter { options.stopAfter = stopAfter }
    for item in inputRange {
      let (name, value) = try ShapeArguments.pair(item, flag: "--input-range")
      let bounds = value.split(separator: ":").compactMap { Int64($0) }
      guard bounds.count == 2, bounds[0] <= bounds[1] else {
        throw ApusError(.usage, Problem(.usage, "--input-range takes NAME=LO:HI", value: item))
      }
      options.inputRanges[name] = bounds[0]...bounds[1]
    }
    return options
  }

  private func libraryUse() throws -> LibraryUse {
    guard let use = LibraryUse(rawValue: libraries) else {
      let allowed = LibraryUse.allCases.map(\.rawValue).joined(separator: ", ")
      throw ApusError(
        .usage, Problem(.usage, "unknown use of libraries", value: libraries, allowed: allowed))
    }
    return use
  }

  private func minimumCosine() throws -> Double? {
    guard let minCosine else { return level == nil || skipAccuracy ? nil : Self.closeCosine }
    guard (0...1).contains(minCosine), !skipAccuracy else {
      throw ApusError(
        .usage,
        Problem(
          .usage, "--min-cosine takes a number from 0 to 1, and is checked", value: "\(minCosine)",
          fix: skipAccuracy ? "leave --skip-accuracy out" : "give a number from 0 to 1"))
    }
    return minCosine
  }

  private func precisions(_ device: Device) throws -> Set<BuildOptions.Precision> {
    if precision != nil && level != nil {
      throw ApusError(
        .usage, Problem(.usage, "--precision and --level exclude each other", fix: "give one of them"))
    }
    if let level {
      guard ["o1", "o2"].contains(level) else {
        throw ApusError(.usage, Problem(.usage, "unknown level", value: level, allowed: "o1, o2"))
      }
      if case .cuda = device.resolved { return [.fp16] }
      return device.supports("bf16") ? [.bf16] : []
    }
    return Set(
      try (precision ?? "").split(separator: ",").map { name in
        guard let known = BuildOptions.Precision(rawValue: String(name)) else {
          let allowed = BuildOptions.Precision.allCases.map(\.rawValue).joined(separator: ", ")
          throw ApusError(.usage, Problem(.usage, "unknown precision", value: String(name), allowed: allowed))
        }
        return known
      })
  }

  private func openData(_ path: String, _ model: Model) throws -> DataSource {
    let graph = model.source.graph
    let inputs = graph.inputs.compactMap { id in
      graph[id].type.tensor.map { DataSource.Input(name: graph[id].name, type: $0) }
    }
    return try DataArguments.open(path, inputs: inputs, preprocess: preprocess)
  }

  private func summarize(_ report: Report, _ bytes: Int) {
    Output.line("\(model) -> \(output) (\(Output.text(Double(bytes) / 1e6, 1)) MB)")
    let hardware = report.hardwareContext
    Output.line("device     \(hardware.deviceType) (\(hardware.microarchitecture)), \(report.precision)")
    for stage in report.optimizations where stage.status == "effective" {
      let name = stage.name + String(repeating: " ", count: max(1, 10 - stage.name.count))
      Output.line(
        "\(name) \(stage.nodesBefore) -> \(stage.nodesAfter) nodes, \(stage.preRun) -> \(stage.postRun)"
          + (stage.postRunFromCache ? " (from the timing cache)" : ""))
    }
    let overall = report.overall
    if !deterministic {
      Output.line("latency    \(overall.baseline) -> \(overall.optimized), \(overall.speedup)x")
    }
    for accuracy in report.accuracy {
      Output.line(
        "accuracy   \(accuracy.output): largest difference \(accuracy.maxAbs), cosine \(accuracy.cosine)")
    }
    if let kept = report.accuracyGuard {
      Output.line("guard      \(kept.nodes.count) nodes stay fp32 for a cosine of \(kept.minimumCosine)")
    } else if report.precision != "fp32", report.accuracy.contains(where: { $0.cosine < Self.closeCosine }) {
      Output.line("           --min-cosine \(Self.closeCosine) keeps what matters most in fp32")
    }
    if let detections = report.detections { Output.line("detections \(detections.summary)") }
    Output.line("steps      \(report.kernels.count), \(report.diagnosis.message)")
    let phases = report.phases.map { "\($0.name) \(Output.text($0.seconds, 1))" }.joined(separator: ", ")
    Output.line("built in   \(Output.text(report.buildSeconds, 1)) s: \(phases)")
    if verbose {
      for kernel in report.kernels { Output.line("  \(kernel.operator) '\(kernel.node)': \(kernel.tactic)") }
    }
    if let path = self.report { Output.line("report     \(path)") }
  }
}
