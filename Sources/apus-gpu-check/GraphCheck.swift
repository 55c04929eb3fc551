import ApusCPUTactics
import ApusCUDA
import ApusCUDATactics
import ApusCore
import ApusEngine
import ApusOperators
import ApusTactics
import ApusTestSupport

/// A graph that runs on the GPU as the optimizer lowers it, held against the references of its operators.
struct GraphCheck {
  var label: String
  var graph: Graph
  var inputs: [String: Tensor]
  var expected: [String: Tensor]
  /// Longest time of a replay on the device's clock in microseconds; nil: it is only shown.
  var limit: Double?
  /// Operators of which a kernel must run on the GPU.
  var required: Set<String>

  /// One operator, whose reference gives what is expected.
  init(_ test: OperatorCase) throws {
    let (graph, inputs, expected) = try test.graph()
    self.init(test.label, graph, inputs, expected, required: [test.op.operatorName])
  }

  init(
    _ label: String, _ graph: Graph, _ inputs: [String: Tensor], _ expected: [String: Tensor],
    required: Set<String>, limit: Double? = nil
  ) {
    self.label = label
    self.graph = graph
    self.inputs = inputs
    self.expected = expected
    self.required = required
    self.limit = limit
  }

  func outcome(_ gpu: DriverGPU, _ cache: KernelCache) throws -> Bench.Outcome {
    let pool = ConstantPool(section: "packed.0")
    let (set, result) = try lowered(gpu, cache, pool)
    let steps = result.plan.steps
    let here = Set(steps.filter { $0.kernel.kind == CUDAKernelRecord.kind }.map(\.operatorName))
    guard required.isSubset(of: here) else {
      let notes = result.notes.map { "\($0)" }.joined(separator: "; ")
      return Bench.Outcome(isRight: false, text: "not on the GPU: \(notes)")
    }
    let plan = try ExecutablePlan(
      result.plan, constants: pool, runtimes: set.runtimes, catalogue: .withPlugins)
    let binding = try Session(plan).bind(inputs: inputs)
    var found: String?
    // The second and third runs replay a graph.
    for run in 1...3 {
      try binding.execute()
      if found == nil {
        found = OperatorCase.difference(try binding.outputs(), expected).map { "run \(run): \($0)" }
      }
    }
    let times = try (0..<50).compactMap { _ in try binding.deviceMilliseconds() }.sorted()
    let time = times.isEmpty ? nil : times[times.count / 2] * 1000
    let isSlow = limit.map { (time ?? .infinity) > $0 } ?? false
    let text = time.map { "\(Float($0)) us" + (isSlow ? ", more than \(limit ?? 0)" : "") } ?? "not one graph"
    return Bench.Outcome(
      isRight: found == nil && !isSlow, text: [found, text].compactMap { $0 }.joined(separator: ", "))
  }

  func lowered(_ gpu: DriverGPU, _ cache: KernelCache, _ pool: ConstantPool) throws -> (
    TacticSet, Lowering.Result
  ) {
    let set = TacticSet.cuda(CUDARuntime(gpu), images: cache, host: .cpu())
    return (set, try Lowering.lower(graph, tactics: set, constants: pool, chooser: FirstTactic()))
  }
}
