import ApusCore
import ApusTactics

extension Builder {
  /// The chooser that measures, tuned to the shapes of the data; nil where measuring is not wanted.
  func tuner(_ graph: Graph, _ sample: [String: Tensor]) -> MeasuringChooser? {
    guard chooser == nil, !options.deterministic else { return nil }
    var tuning = MeasuringChooser.Options()
    for id in graph.inputs {
      let sizes = sample[graph[id].name]?.shape ?? []
      for (dim, size) in zip(graph[id].type.tensor?.shape ?? [], sizes) {
        if let name = dim.symbolName { tuning.symbols[name] = size }
      }
    }
    tuning.threads = options.threads
    tuning.budget = options.tuningBudget
    tuning.expected = MeasuringChooser.contestedNodes(graph, tactics)
    tuning.progress = { [progress = options.progress] number, count in
      progress("measuring kernels: \(number) of \(count)")
    }
    return MeasuringChooser(tactics, options: tuning, cache: TimingCache(path: options.timingCache))
  }
}
