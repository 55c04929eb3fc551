import ApusCore
import ApusEngine
import ApusTactics

extension Builder {
  /// The chooser that measures, tuned to every profile, without one to the data; nil where measuring is not wanted.
  func tuner(_ graph: Graph, _ sample: [String: Tensor], _ cache: TimingCache) -> MeasuringChooser? {
    guard chooser == nil, !options.deterministic, tactics.place == .host else { return nil }
    var tuning = MeasuringChooser.Options()
    let tuned = options.profiles.map { graph.symbolSizes($0.inputs.mapValues(\.opt)) }
    tuning.sizes = tuned.isEmpty ? [graph.symbolSizes(sample.mapValues(\.shape))] : tuned
    tuning.threads = options.threads
    tuning.budget = options.tuningBudget
    tuning.expected = MeasuringChooser.contestedNodes(graph, tactics)
    tuning.progress = { [progress = options.progress] number, count in
      progress("measuring kernels: \(number) of \(count)")
    }
    tuning.isCancelled = options.isCancelled
    return MeasuringChooser(tactics, options: tuning, cache: cache)
  }

  /// The measuring on a device that chooses among kernels of its own; nil where measuring is not wanted.
  func tuning(_ cache: TimingCache) -> TuningSession? {
    guard chooser == nil, !options.deterministic, tactics.place == .device else { return nil }
    return TuningSession(
      cache: cache, budget: options.tuningBudget,
      progress: { [progress = options.progress] number, count in
        progress("measuring kernels: \(number) of \(count)")
      }, isCancelled: options.isCancelled)
  }
}
