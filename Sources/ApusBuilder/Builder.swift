public import ApusCore
import ApusEngine
public import ApusTactics
public import ApusOperators
import ApusOptimizer
import ApusVision

/// The way of a model: import, optimize, lower, check, time, save.
public struct Builder {
  public private(set) var options: BuildOptions
  public let tactics: TacticSet
  let catalogue: OperatorCatalogue
  let chooser: (any TacticChooser)?

  /// `chooser` nil: kernels are measured, or the first tactic that builds is taken when building is deterministic.
  public init(
    options: BuildOptions, tactics: TacticSet, chooser: (any TacticChooser)? = nil,
    catalogue: OperatorCatalogue = .withPlugins
  ) {
    self.options = options
    self.tactics = tactics
    self.chooser = chooser
    self.catalogue = catalogue
  }

  /// What came out: everything that `save` writes, and the report.
  public struct Result {
    public let model: SourceModel
    public let optimized: Graph
    public let lowered: LoweredPlan
    public let portable: PortablePart
    public var report: Report
    let options: BuildOptions
  }

  public func build(_ source: SourceModel) throws -> Result {
    let start = ContinuousClock.now
    var model = source
    try model.fixShapes(options.fixedShapes)
    var checked = self
    checked.options.profiles = try ShapeProfiles(options.profiles, of: model.graph).profiles
    return try checked.build(model, since: start)
  }

  private func build(_ model: SourceModel, since start: ContinuousClock.Instant) throws -> Result {
    var clock = BuildClock(since: start)
    let data = options.testData ?? generatedData(model.graph)
    let cache = TimingCache(path: options.timingCache)
    defer {
      if let reason = cache.save() { options.progress("the timing cache was not saved: \(reason)") }
    }
    var measurements = try Measurements(
      options: options, tactics: tactics, catalogue: catalogue, data: data, cache: cache)
    try begin("timing the model as it is")
    // Computing constants anew in every run would make any optimizer look good.
    var folded = model.graph
    _ = try FoldConstants().run(&folded, PassContext())
    try measurements.baseline(folded)
    folded = Graph()
    model.releasePages()
    clock.end("baseline")
    try begin("optimizing")
    var graph = model.graph
    let context = PassContext(stopAfter: options.stopAfter)
    let spill = SpillFile()
    let afterStage = { (stage: StageReport, graph: Graph) in
      // Weights are read again where a plan packs them.
      graph.spillConstants(into: spill)
      model.releasePages()
      try measurements.after(stage, graph)
    }
    var pipeline = try Pipeline.standard.run(&graph, context, afterStage: afterStage)
    let portable = PortablePart(graph)
    var kept: KeptNodes?
    if let precision = options.reducedPrecision {
      try begin("lowering precision to \(precision.rawValue)")
      kept = try nodesToKeep(graph, precision, measurements)
      try reduce(&graph, to: precision, keeping: kept?.nodes ?? [])
    }
    let device = Pipeline.device(TacticKernels(tactics))
    pipeline.stages += try device.run(&graph, context, afterStage: afterStage).stages
    graph.spillConstants(into: spill)
    clock.end("optimizing")
    try begin("choosing kernels")
    let tuner = tuner(graph, measurements.sample, cache)
    let tuning = tuning(cache)
    let lowered = try LoweredPlan(
      graph, tactics: tactics, chooser: chooser ?? tuner ?? FirstTactic(), profiles: options.profiles,
      sizes: graph.symbolSizes(options.profiles, measurements.sample), portable: portable,
      tuning: tuning, catalogue: catalogue)
    try refuseReferences(lowered)
    clock.end("kernels")
    try begin("checking")
    let accuracy = try measurements.accuracy(of: lowered)
    try refuseInaccurate(accuracy.outputs)
    clock.end("checking")
    try measurements.final(lowered)
    clock.end("timing")
    let report = Report(
      model: model, options: options, tactics: tactics, data: data, pipeline: pipeline, lowered: lowered,
      measurements: measurements, accuracy: accuracy, guarded: kept?.report, clock: clock)
    return Result(
      model: model, optimized: graph, lowered: lowered, portable: portable, report: report, options: options)
  }

  /// Tells what comes next, unless the caller wants to stop.
  func begin(_ what: String) throws {
    if options.isCancelled() { throw ApusError.interrupted }
    options.progress(what)
  }

  func reduce(_ graph: inout Graph, to precision: BuildOptions.Precision, keeping kept: Set<NodeID>) throws {
    guard let dtype = precision.dtype else {
      throw ApusError(
        .resources,
        Problem(
          .precisionMissing, "precision \(precision.rawValue) is not available on \(tactics.target.device)",
          allowed: "fp32, bf16"))
    }
    _ = try ReducePrecision(to: dtype, kernels: TacticKernels(tactics), keeping: kept).run(
      &graph, PassContext())
  }

  private func generatedData(_ graph: Graph) -> DataSource {
    let symbols = options.profiles.first.map { graph.symbolSizes($0.inputs.mapValues(\.opt)) } ?? [:]
    let random = RandomData(
      seed: options.seed, ranges: options.inputRanges.merging(graph.indexRanges()) { given, _ in given },
      symbols: symbols)
    let inputs = graph.inputs.compactMap { id in
      graph[id].type.tensor.map { DataSource.Input(name: graph[id].name, type: $0) }
    }
    return .generated(random, inputs: inputs)
  }

  private func refuseReferences(_ lowered: LoweredPlan) throws {
    guard options.strict else { return }
    let problems = lowered.notes.filter { $0.tactic == "reference" }.map { note in
      Problem(
        .unsupportedOperator,
        "no tactic of \(tactics.target.device) runs the node: \(note.refusals.joined(separator: "; "))",
        node: note.node, operator: note.operatorName, fix: "leave --strict out to run it by its reference")
    }
    if !problems.isEmpty { throw ApusError(.unsupportedOperator, problems) }
  }
}

extension Graph {
  /// Moves weights that rules have rewritten out of memory: packing reads each once, and saving once more. Without a
  /// file they stay.
  fileprivate func spillConstants(into file: SpillFile?) {
    guard let file else { return }
    for value in allValues { value.constant?.storage.spill(into: file) }
  }
}

extension BuildOptions {
  /// The precision below FP32 that elements shall have.
  var reducedPrecision: Precision? {
    Precision.allCases.first { $0 != .fp32 && $0 != .tf32 && precisions.contains($0) }
  }
}

extension BuildOptions.Precision {
  var dtype: DType? {
    switch self {
    case .fp32: .f32
    case .fp16: .f16
    case .bf16: .bf16
    case .int8, .tf32: nil
    }
  }
}

extension Graph {
  /// Ranges of integer inputs that index a table: below the dimension that they index.
  public func indexRanges() -> [String: ClosedRange<Int64>] {
    var ranges: [String: ClosedRange<Int64>] = [:]
    for id in inputs where self[id].type.tensor?.dtype.isInteger ?? false {
      for user in self[id].users
      where self[user].opName == "Gather" && self[user].inputs.count > 1 && self[user].inputs[1] == id {
        guard let table = self[user].inputs[0], let shape = self[table].type.tensor?.shape,
          let axis = (self[user].op as? Gather)?.axis, -shape.count..<shape.count ~= axis,
          let size = shape[axis < 0 ? axis + shape.count : axis].value, size > 0
        else { continue }
        ranges[self[id].name] = 0...min(Int64(size - 1), ranges[self[id].name]?.upperBound ?? .max)
      }
    }
    return ranges
  }
}
