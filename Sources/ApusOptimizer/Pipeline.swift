public import ApusCore
import ApusOperators

/// The passes in their order: what a model goes through before it is lowered for a device.
public struct Pipeline: Sendable {
  /// Passes that belong together; reports speak of stages.
  public struct Stage: Sendable {
    public let name: String
    public let passes: [any Pass]

    public init(_ name: String, _ passes: [any Pass]) {
      self.name = name
      self.passes = passes
    }
  }

  public var stages: [Stage]

  public init(_ stages: [Stage]) { self.stages = stages }

  /// Stages of rules.
  private static let rewriting = [
    Stage("simplify", [RuleSet.noOps, FoldConstants(), MergeDuplicates(), RuleSet.normalize, RuleSet.noOps]),
    Stage(
      "layout",
      [
        RuleSet.activations, RuleSet.layout, RuleSet.reshapes, RuleSet.layout, FoldConstants(),
        MergeDuplicates(),
      ]),
    Stage(
      "recognize",
      [
        RuleSet.recognize, RuleSet.normalize, RuleSet.layout, RuleSet.reshapes, FoldConstants(),
        MergeDuplicates(),
      ]),
    Stage("fuse", [RuleSet.fuse, RuleSet.strength, FoldConstants(), MergeDuplicates(), RemoveDeadNodes()]),
  ]

  /// What bodies of control flow go through. They know no symbols but those of their own inputs, so that values that
  /// follow from shapes stay computed.
  static let body = Pipeline(
    [
      Stage(
        "fold",
        [
          FoldConstants(), InlineStaticIf(), OptimizeBodies(), UnrollShortLoops(), InlineStaticIf(),
          FoldConstants(), RemoveDeadNodes(),
        ])
    ] + rewriting)

  /// Device-independent: its result is what an engine keeps as the portable graph.
  public static let standard = Pipeline(
    [
      Stage(
        "fold",
        [
          FoldConstants(), InlineStaticIf(), FoldConstants(), OptimizeBodies(), UnrollShortLoops(),
          InlineStaticIf(), FoldConstants(), MaterializeShapeValues(), RemoveDeadNodes(),
        ])
    ] + rewriting)

  /// What follows for one device, after precisions are lowered: operators that only some devices have kernels for.
  public static func device(_ device: any DeviceKernels) -> Pipeline {
    var rules: [any Rule] = []
    if device.serves(SqueezeExcitation()), device.serves(GatedConv()) {
      rules.append(RecognizeSqueezeExcitation())
    }
    if device.serves(ConvSqueezeExcitation()) { rules.append(FuseSqueezeExcitation()) }
    if device.serves(RetinaNetDetection()) { rules.append(FuseRetinaNetDetection()) }
    if device.serves(PackedAttention()) { rules += [PackSplitAttention(), MergeAttentionProjections()] }
    if device.serves(PaddedSuppression()) { rules.append(PadSuppression()) }
    if device.serves(PyramidConv()) { rules.append(MergePyramidLevels()) }
    return Pipeline([
      Stage("combine", [RuleSet("Combine", rules), MergeDuplicates(), FuseElementwiseChains(device)])
    ])
  }

  /// Runs all stages. `afterStage` sees the graph after each of them.
  public func run(
    _ graph: inout Graph, _ context: PassContext = PassContext(),
    afterStage: (StageReport, Graph) throws -> Void = { _, _ in }
  ) throws -> PipelineReport {
    var report = PipelineReport()
    for stage in stages {
      let start = ContinuousClock.now
      var result = StageReport(name: stage.name, nodesBefore: graph.nodeCount)
      let firstFiring = context.firings.count
      for pass in stage.passes {
        context.currentPass = pass.name
        result.changes += try pass.run(&graph, context)
        try verify(graph, after: pass.name)
      }
      for firing in context.firings[firstFiring...] { result.fired[firing.rule, default: 0] += 1 }
      result.nodesAfter = graph.nodeCount
      result.seconds = (ContinuousClock.now - start) / .seconds(1)
      report.stages.append(result)
      try afterStage(result, graph)
      if context.isExhausted { break }
    }
    return report
  }

  /// Debug builds check after every pass what every pass promises.
  private func verify(_ graph: Graph, after pass: String) throws {
    #if DEBUG
      let problems = graph.verifyTypes()
      if !problems.isEmpty {
        throw ApusError(.internal, [Problem(.internalError, "pass \(pass) left a broken graph")] + problems)
      }
    #endif
  }
}

/// What a stage did.
public struct StageReport: Sendable, Codable, Hashable {
  public var name: String
  /// Rewrites by rule.
  public var fired: [String: Int] = [:]
  public var changes = 0
  public var nodesBefore: Int
  public var nodesAfter = 0
  public var seconds = 0.0

  public init(name: String, nodesBefore: Int) {
    self.name = name
    self.nodesBefore = nodesBefore
  }
}

/// What the pipeline did, stage by stage.
public struct PipelineReport: Sendable, Codable, Hashable {
  public var stages: [StageReport] = []
  public init() {}
}
