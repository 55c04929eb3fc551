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
  let sample: [String: Tensor]
  /// Milliseconds of the imported graph on this device, node by node.
  private(set) var baselineMilliseconds: Double?
  /// Milliseconds after each stage of the pipeline, in order; nil where it changed nothing or was not measured.
  private(set) var stages: [(name: String, milliseconds: Double?)] = []
  private(set) var optimizedMilliseconds: Double?
  /// Why the model does not run on the data that was generated for it; nil where it does.
  private(set) var dataFault: String?
  /// Outputs of the imported graph for the first samples.
  private(set) var expected: [[String: Value]] = []

  /// Samples that accuracy is measured on.
  static let accuracySamples = 4

  init(options: BuildOptions, tactics: TacticSet, catalogue: OperatorCatalogue, data: DataSource) throws {
    self.options = options
    self.tactics = tactics
    self.catalogue = catalogue
    self.data = data
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
    let timed = options.measures && dataFault == nil && options.measuresStages && stage.changes > 0
    stages.append(
      (stage.name, timed ? try time(lower(graph)) : nil))
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
