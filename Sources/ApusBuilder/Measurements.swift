import ApusCore
import ApusEngine
import ApusOptimizer
import ApusTactics
import ApusVision

/// Times and errors gathered while a model is built.
struct Measurements {
  let options: BuildOptions
  let tactics: TacticSet
  let catalogue: OperatorCatalogue
  let data: DataSource
  let cache: TimingCache
  let sample: [String: Tensor]
  /// Milliseconds of the imported graph on this device, node by node.
  private(set) var baselineMilliseconds: Double?
  /// The time after each stage of the pipeline, in order.
  private(set) var stages: [StageTime] = []
  private(set) var optimizedMilliseconds: Double?
  /// Why the model does not run on the data that was generated for it; nil where it does.
  private(set) var dataFault: String?
  /// Outputs of the imported graph for the first samples.
  private(set) var expected: [[String: Value]] = []

  /// The graph after a stage of the pipeline.
  struct StageTime {
    /// nil where the stage changed nothing or was not measured.
    var milliseconds: Double?
    /// Whether an earlier build measured it.
    var isKnown = false
    /// What lowering and measuring the graph took.
    var seconds = 0.0
  }

  /// Samples that accuracy is measured on.
  static let accuracySamples = 4

  init(
    options: BuildOptions, tactics: TacticSet, catalogue: OperatorCatalogue, data: DataSource,
    cache: TimingCache
  ) throws {
    self.options = options
    self.tactics = tactics
    self.catalogue = catalogue
    self.data = data
    self.cache = cache
    sample = try data.sample(0)
  }

  private func time(_ lowered: LoweredPlan) throws -> Double? {
    guard options.measures, dataFault == nil else { return nil }
    return try Timing.medianMilliseconds(lowered.executable, sample, threads: options.threads, seconds: 0.4)
  }

  /// The graph as imported, in FP32, by the device's safe tactics: what every later step is held against. Random numbers
  /// cannot stand for every input (a shape, a list of tensors); a model that refuses them is built without being run.
  mutating func baseline(_ graph: Graph) throws {
    guard options.measures || options.checksAccuracy else { return }
    let lowered = try lower(graph)
    let session = Session(lowered.executable, options: SessionOptions(threads: options.threads))
    for index in 0..<min(data.count, Self.accuracySamples) {
      let values = try data.sample(index).mapValues(Value.tensor)
      do {
        expected.append(try session.run(values: values))
      } catch  where options.testData == nil && Self.isRefusal(error) {
        expected = []
        dataFault = "\(error)"
        options.progress("nothing is measured: the model does not run on random data; give --test-data")
        return
      }
    }
    baselineMilliseconds = try time(lowered)
  }

  /// Whether it is the data that an error is about.
  private static func isRefusal(_ error: any Error) -> Bool {
    guard let error = error as? ApusError else { return error is OperatorError }
    return [.invalidInput, .invalidModel, .unsupportedParameter].contains(error.category)
  }

  mutating func after(_ stage: StageReport, _ graph: Graph) throws {
    var stageTime = StageTime()
    defer { stages.append(stageTime) }
    guard options.measures, dataFault == nil, options.measuresStages, stage.changes > 0 else { return }
    let start = ContinuousClock.now
    let key = key(graph)
    if let known = cache[key] {
      (stageTime.milliseconds, stageTime.isKnown) = (known.milliseconds, true)
    } else {
      stageTime.milliseconds = try time(lower(graph))
      cache[key] = stageTime.milliseconds.map { .init(tactic: "plan", milliseconds: $0) }
    }
    stageTime.seconds = (ContinuousClock.now - start) / .seconds(1)
  }

  /// What the time of a graph's plan depends on: everything but the contents of large constants.
  private func key(_ graph: Graph) -> String {
    var printer = GraphPrinter()
    let text = Array(printer.print(graph).utf8).withUnsafeBytes { XXH3.hash128($0).hex }
    let inputs = sample.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.type)" }
    let target = tactics.target
    let threads = options.threads > 0 ? options.threads : ThreadPool.processorCount
    return "plan \(text)|\(inputs.joined(separator: ", "))|\(threads) threads|\(Report.version)"
      + "|\(target.device)/\(target.level)/\(target.model)/\(target.precision)|\(tactics.stamp)"
  }

  func lower(_ graph: Graph) throws -> LoweredPlan {
    try LoweredPlan(
      graph, tactics: tactics, sizes: [graph.symbolSizes(sample.mapValues(\.shape))], catalogue: catalogue)
  }

  mutating func final(_ lowered: LoweredPlan) throws { optimizedMilliseconds = try time(lowered) }

  /// The worst of each output of the engine against the imported graph, over the samples; detections are compared as
  /// sets.
  func accuracy(of lowered: LoweredPlan) throws -> (outputs: [Comparison], detections: DetectionAgreement?) {
    let session = Session(lowered.executable, options: SessionOptions(threads: options.threads))
    var worst: [String: Comparison] = [:]
    var detections: DetectionAgreement?
    for (index, expected) in expected.enumerated() {
      let wanted = expected.compactMapValues(\.tensor)
      var actual = try session.run(values: try data.sample(index).mapValues(Value.tensor)).compactMapValues(
        \.tensor)
      if let aligned = DetectionAlignment(of: actual, to: wanted) {
        actual = aligned.tensors
        detections = (detections ?? DetectionAgreement()) + aligned.agreement
      }
      for name in session.outputNames {
        guard let a = actual[name], let e = wanted[name] else { continue }
        let comparison = Comparison(name, actual: a, expected: e)
        if worst[name].map({ comparison.maxRelative > $0.maxRelative }) ?? true { worst[name] = comparison }
      }
    }
    return (session.outputNames.compactMap { worst[$0] }, detections)
  }
}
