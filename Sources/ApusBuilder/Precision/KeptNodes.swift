import ApusCore
import ApusOptimizer

/// What the accuracy guard of a build did.
public struct GuardReport: Sendable, Codable {
  public var minimumCosine: Double
  /// Nodes that stay FP32 for it, in order.
  public var nodes: [String]
  /// How often an engine was made and compared.
  public var evaluations: Int
  public var seconds: Double
}

/// Nodes that stay FP32 where precision is lowered.
struct KeptNodes {
  let nodes: Set<NodeID>
  let report: GuardReport
}

extension Builder {
  /// Share of what the cosine may lose that is left to the kernels chosen later.
  private static let reserve = 0.2

  /// The fewest nodes found that have to stay FP32; nil where no accuracy is asked for.
  func nodesToKeep(_ graph: Graph, _ precision: BuildOptions.Precision, _ measurements: Measurements) throws
    -> KeptNodes?
  {
    guard let minimum = options.minimumCosine else { return nil }
    guard !measurements.expected.isEmpty else {
      throw ApusError(
        .invalidInput,
        Problem(
          .badData, "a least cosine is asked for, but there is no data that the model runs on",
          fix: "give --test-data"))
    }
    let start = ContinuousClock.now
    var search = AccuracyGuard(
      minimum: 1 - (1 - minimum) * (1 - Self.reserve), graph: graph,
      sizes: graph.symbolSizes(measurements.sample.mapValues(\.shape))
    ) { kept in
      try begin("lowering precision to \(precision.rawValue), \(kept.count) nodes in fp32")
      var lowered = graph
      try reduce(&lowered, to: precision, keeping: kept)
      _ = try Pipeline.device(TacticKernels(tactics)).run(&lowered, PassContext())
      let accuracy = try measurements.accuracy(of: measurements.lower(lowered))
      return accuracy.outputs.map(\.cosine).min() ?? 1
    }
    guard let nodes = try search.nodesToKeep() else {
      throw ApusError(
        .resources,
        Problem(
          .accuracyMissed, "the cosine is not reached even with all nodes in fp32", value: "\(minimum)",
          fix: "ask for less, or leave it out"))
    }
    let names = (graph.topologicalOrder() ?? []).filter(nodes.contains).map { graph[$0].name }
    return KeptNodes(
      nodes: nodes,
      report: GuardReport(
        minimumCosine: minimum, nodes: names, evaluations: search.evaluations,
        seconds: (ContinuousClock.now - start) / .seconds(1)))
  }

  /// Throws where the engine as it is saved misses the accuracy that was asked for.
  func refuseInaccurate(_ outputs: [Comparison]) throws {
    guard let minimum = options.minimumCosine else { return }
    let problems = outputs.filter { !($0.cosine >= minimum) }.map { output in
      Problem(
        .accuracyMissed, "output '\(output.output)' has a cosine of \(output.cosine)", value: "\(minimum)",
        fix: "ask for less, or give more samples with --test-data")
    }
    if !problems.isEmpty { throw ApusError(.resources, problems) }
  }
}
