import Apus
import ArgumentParser

/// `apus bench ENGINE`
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures the latency of an engine or a model.",
    discussion: """
      Example:
        apus bench resnet50.engine --shapes input=8x3x224x224 --duration 3s --threads 2
      """)

  @Argument(help: "Engine or model.") var file: String
  @Option(help: "Input shape: NAME=1x3x224x224.") var shapes: [String] = []
  @Option(help: "How long to measure: 3s, 500ms.") var duration = "3s"
  @Option(help: "Runs before measuring.") var warmup = 5
  @Option(help: "Number of runs; overrides --duration.") var iterations: Int?
  @Option(help: "Threads (0: one a processor).") var threads = 0
  @Option(help: "Sessions that run at the same time, sharing weights; --threads are those of each.")
  var sessions = 1
  @Option(help: "Precision, for models.") var precision: String?
  @Option(
    name: .customLong("random-weights"), help: "Seed of weights that a model's file leaves out.")
  var randomWeights: UInt64?
  @Option(help: "Seed of the inputs.") var seed: UInt64 = 0
  @Option(help: "Device, for models.") var device = "auto"
  @Flag(
    name: .customLong("no-transfers"),
    help: "Measures on the device's clock, inputs and outputs staying in its memory.")
  var noTransfers = false
  @Flag(help: "Prints the time of each step.") var profile = false
  @OptionGroup var plugins: PluginOptions
  @Flag(help: "Prints one JSON document.") var json = false
  @Flag(name: .shortAndLong, help: "Says more.") var verbose = false

  func run() throws {
    try plugins.load()
    let runnable = try Runnable(
      file, threads: threads, precision: precision.flatMap(BuildOptions.Precision.init(rawValue:)),
      device: try Device(parsing: device), randomWeights: randomWeights)
    let inputs = try runnable.randomInputs(shapes: try ShapeArguments.fixed(shapes), seed: seed)
    if sessions > 1 { return try runFleet(runnable, inputs) }
    let clock = ContinuousClock()
    let binding = try runnable.session.bind(inputs: inputs)
    let first = try clock.measure { try binding.execute() } / .milliseconds(1)
    for _ in 0..<max(0, warmup) { try binding.execute() }
    let seconds = try Self.seconds(duration)
    let end = clock.now + .seconds(seconds)
    var times: [Double] = []
    while iterations.map({ times.count < $0 }) ?? (clock.now < end || times.count < 3) {
      times.append(
        try noTransfers
          ? deviceTime(binding) : clock.measure { try binding.execute() } / .milliseconds(1))
    }
    var document = document(runnable, inputs, times, first: first)
    if profile { document.steps = try steps(runnable, binding) }
    try show(document)
  }

  private func document(_ runnable: Runnable, _ inputs: [String: Tensor], _ times: [Double], first: Double)
    -> BenchDocument
  {
    let shape = inputs.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.type)" }.joined(separator: ", ")
    return BenchDocument(
      file: file, inputs: shape, times: times, first: first, load: runnable.loadMilliseconds,
      threads: runnable.session.pool.threads, batch: inputs.values.first?.shape.first ?? 1)
  }

  private func show(_ document: BenchDocument) throws {
    if json { try Output.json(document) } else { document.show() }
  }

  /// Several sessions at once; the throughput is that of all.
  private func runFleet(_ runnable: Runnable, _ inputs: [String: Tensor]) throws {
    guard !noTransfers, !profile else {
      throw ApusError(.usage, Problem(.usage, "--sessions goes without --no-transfers and --profile"))
    }
    let fleet = SessionFleet(runnable.session.executable, inputs: inputs)
    let (times, seconds) = try fleet.run(
      sessions, threads: threads, warmup: warmup, iterations: iterations, seconds: try Self.seconds(duration))
    var document = document(runnable, inputs, times, first: times.first ?? 0)
    document.sessions = sessions
    document.throughputPerS = Double(times.count * (inputs.values.first?.shape.first ?? 1)) / seconds
    try show(document)
  }

  private func deviceTime(_ binding: Binding) throws -> Double {
    guard let milliseconds = try binding.deviceMilliseconds() else {
      throw ApusError(
        .usage,
        Problem(
          .usage, "--no-transfers needs a plan whose work is all the GPU's",
          fix: "leave it out; `apus inspect --verbose` shows which steps run on the host"))
    }
    return milliseconds
  }

  private func steps(_ runnable: Runnable, _ binding: Binding) throws -> [BenchDocument.Step] {
    zip(runnable.session.executable.plan.steps, try binding.profile()).map { step, time in
      BenchDocument.Step(
        step: step.name, operator: step.operatorName, tactic: step.kernel.tactic,
        program: step.kernel.program, place: time.isOnDevice ? "device" : "host",
        microseconds: time.microseconds, operations: time.work?.operations,
        bytes: time.work.map { $0.constantBytes + $0.activationBytes },
        floorMicroseconds: time.work?.floorMicroseconds,
        rooflineShare: time.work?.rooflineShare(microseconds: time.microseconds))
    }
  }

  static func seconds(_ text: String) throws -> Double {
    let units: [(String, Double)] = [("ms", 1e-3), ("us", 1e-6), ("s", 1)]
    for (suffix, unit) in units where text.hasSuffix(suffix) {
      if let number = Double(text.dropLast(suffix.count)), number > 0 { return number * unit }
    }
    throw ApusError(
      .usage, Problem(.usage, "not a duration", value: text, allowed: "a number with s, ms or us"))
  }
}

/// What `bench` measured.
struct BenchDocument: Encodable {
  struct Latency: Encodable {
    var mean: Double
    var median: Double
    var p90: Double
    var p99: Double
    var minimum: Double
  }

  /// One step of the plan, in the order of the plan.
  struct Step: Encodable {
    var step: String
    var `operator`: String
    var tactic: String
    var program: String?
    /// Whose time it is: `device` or `host`.
    var place: String
    var microseconds: Double
    /// Multiplications and additions, bytes at least moved, and the time that these need at best, where they are known.
    var operations: Double?
    var bytes: Double?
    var floorMicroseconds: Double?
    var rooflineShare: Double?
  }

  var file: String
  var inputs: String
  var latencyMs: Latency
  var firstMs: Double
  var loadMs: Double
  var throughputPerS: Double
  var iterations: Int
  var threads: Int
  var sessions = 1
  /// With `--profile`.
  var steps: [Step]?

  init(file: String, inputs: String, times: [Double], first: Double, load: Double, threads: Int, batch: Int) {
    let sorted = times.sorted()
    func quantile(_ q: Double) -> Double { sorted[min(sorted.count - 1, Int(q * Double(sorted.count)))] }
    let mean = times.reduce(0, +) / Double(times.count)
    self.file = file
    self.inputs = inputs
    latencyMs = Latency(
      mean: mean, median: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99), minimum: sorted[0])
    firstMs = first
    loadMs = load
    throughputPerS = mean > 0 ? 1000 / mean * Double(max(1, batch)) : 0
    iterations = times.count
    self.threads = threads
  }

  func show() {
    let fleet = sessions > 1 ? " of \(sessions) sessions" : ""
    Output.line("\(file) on \(inputs), \(threads) threads, \(iterations) runs\(fleet)")
    let l = latencyMs
    Output.line(
      "latency  median \(Output.text(l.median)) ms, mean \(Output.text(l.mean)), p90 \(Output.text(l.p90)), p99 \(Output.text(l.p99)), minimum \(Output.text(l.minimum))"
    )
    Output.line("first    \(Output.text(firstMs)) ms, loading \(Output.text(loadMs)) ms")
    Output.line("throughput \(Output.text(throughputPerS, 1)) per second")
    for step in (steps ?? []).sorted(by: { $0.microseconds > $1.microseconds }) {
      let share = step.rooflineShare.map { ", \(Int(($0 * 100).rounded())) % of the roofline" } ?? ""
      let program = step.program.map { " \($0)" } ?? ""
      Output.line(
        "\(Output.text(step.microseconds, 1)) us  \(step.operator) '\(step.step)' \(step.tactic)\(program)\(share)"
      )
    }
  }
}
