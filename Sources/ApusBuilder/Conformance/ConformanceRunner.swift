public import ApusCore
public import ApusOperators
public import ApusTactics
import ApusEngine
import ApusONNX
import ApusOptimizer
import Glibc

/// Runs conformance cases the whole way: import, optimize, lower, save, load, run, compare.
public struct ConformanceRunner: Sendable {
  public var tactics: TacticSet
  /// Runs the references instead of an engine.
  public var usesReferences = false
  public var rtol = 1e-3
  public var atol = 1e-7
  let catalogue: OperatorCatalogue
  /// Makes the saved engine executable again.
  let load: @Sendable (Engine) throws -> ExecutablePlan

  public init(
    tactics: TacticSet, catalogue: OperatorCatalogue = .withPlugins
  ) {
    self.tactics = tactics
    self.catalogue = catalogue
    let runtimes = tactics.runtimes
    load = { engine in
      try ExecutablePlan(try engine.plan(0), constants: engine, runtimes: runtimes, catalogue: catalogue)
    }
  }

  public func run(_ test: ConformanceCase) -> ConformanceResult {
    var result = ConformanceResult(
      name: test.name, status: .passed, path: usesReferences ? "reference" : "engine", tactics: [])
    do {
      let graph = try ONNXModel.load(path: test.model).importGraph(
        catalogue: catalogue, options: ImportOptions(plugins: .shared)
      ).graph
      for sample in try test.samples(for: graph) {
        try check(graph, sample.inputs, sample.outputs, &result)
        let isFloat = sample.inputs.contains { $0.tensor?.dtype.isFloat ?? false }
        if !usesReferences, isFloat, let constant = ConformanceCase.withConstants(graph, sample.inputs) {
          var second = result
          try check(constant.graph, constant.inputs, sample.outputs, &second)
          if second.reason != nil {
            (result.status, result.reason) = (.failed, "with initializers: \(second.reason ?? "")")
          }
          // Operands that steer shapes are constants in networks.
          if second.host.count < result.host.count {
            (result.host, result.tactics) = (second.host, second.tactics)
          }
        }
      }
    } catch {
      let outside = OutOfScope.reason(for: error)
      result.status = outside == nil ? .failed : .skipped
      result.reason = outside ?? "\(error)"
    }
    return result
  }

  private func check(
    _ graph: Graph, _ inputs: [Value], _ expected: [Value], _ result: inout ConformanceResult
  ) throws {
    let actual =
      usesReferences ? try GraphInterpreter(graph).run(inputs) : try runEngine(graph, inputs, &result)
    guard actual.count == expected.count else {
      throw Self.failure("\(actual.count) outputs, \(expected.count) expected")
    }
    for (position, (a, e)) in zip(actual, expected).enumerated() {
      if Self.isRandom(graph) {
        if a.type != e.type { throw Self.failure("output \(position) is \(a.type), not \(e.type)") }
        continue
      }
      let tolerance = CaseTolerance(e, of: graph, rtol: rtol, atol: atol)
      if tolerance.reason != nil { result.tolerance = tolerance }
      if let difference = ValueDifference.find(a, e, rtol: tolerance.rtol, atol: tolerance.atol) {
        throw Self.failure("output \(position): \(difference)")
      }
    }
  }

  private static func failure(_ message: String) -> ApusError {
    ApusError(.internal, Problem(.internalError, message))
  }

  private func runEngine(_ graph: Graph, _ inputs: [Value], _ result: inout ConformanceResult) throws
    -> [Value]
  {
    var graph = graph
    _ = try Pipeline.standard.run(&graph, PassContext())
    let portable = PortablePart(graph)
    _ = try Pipeline.device(TacticKernels(tactics)).run(&graph, PassContext())
    let lowered = try LoweredPlan(graph, tactics: tactics, portable: portable, catalogue: catalogue)
    result.tactics = lowered.plan.steps.map(\.kernel.tactic)
    if let host = tactics.fallback?.set {
      result.host = lowered.notes.filter { note in
        note.tactic == "reference" || host.names.contains(note.tactic)
      }.map { "\($0.operatorName): \($0.refusals.joined(separator: "; "))" }
    }
    let path = "/tmp/apus-conformance-\(getpid())-\(UInt64.random(in: 0 ... .max)).engine"
    defer { unlink(path) }
    try EngineWriter.write(
      EngineHeader(
        apusVersion: Report.version, name: graph.name, source: .init(file: "", digest: ""), inputs: [],
        outputs: [],
        plans: [.init(target: lowered.plan.target, steps: lowered.plan.steps.count, arenaBytes: 0)],
        portable: true),
      sections: try EngineSections.all(lowered, portable, lean: false), to: path)
    let session = Session(
      try load(try Engine(contentsOf: path, threads: 1)), options: SessionOptions(threads: 1))
    let values = try session.run(values: Dictionary(zip(session.inputNames, inputs)) { first, _ in first })
    return session.outputNames.compactMap { values[$0] }
  }

  /// Whether results are drawn, so that only their types can be compared.
  private static func isRandom(_ graph: Graph) -> Bool {
    graph.allNodes.contains { node in
      guard node.op.traits.contains(.nondeterministic) else { return false }
      return !(node.op is Dropout) || node.inputs.count > 2
    }
  }
}
