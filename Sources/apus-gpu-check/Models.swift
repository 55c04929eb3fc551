import ApusBuilder
import ApusCPUTactics
import ApusCUDA
import ApusCUDATactics
import ApusCore
import ApusEngine
import ApusTactics
import ApusVision

/// Optimizes a model for the CPU, without measuring kernels, and for the GPU in FP32 and FP16, and compares every output
/// on random inputs, three runs each: the second and third replay a graph. The CPU's kernels are held against the
/// operators' references by their own tests.
func runModel(
  _ path: String, _ arguments: Arguments, _ gpu: DriverGPU, _ cache: KernelCache, _ tally: inout Tally
) {
  var expected: (inputs: [String: Tensor], outputs: [String: Tensor])?
  let name = path.split(separator: "/").last.map(String.init) ?? path
  func reference(_ source: SourceModel) throws -> (inputs: [String: Tensor], outputs: [String: Tensor]) {
    if let expected { return expected }
    let inputs = source.graph.inputs.compactMap { id in
      source.graph[id].type.tensor.map { DataSource.Input(name: source.graph[id].name, type: $0) }
    }
    let fed = try DataSource.generated(
      RandomData(seed: arguments.randomWeights ?? 0, ranges: source.graph.indexRanges()), inputs: inputs
    ).sample(0)
    let (plan, building) = try seconds { try build(source, .cpu(), .fp32, measured: false) }
    let (outputs, running) = try seconds { try Session(plan).run(fed) }
    print("\(name): CPU built in \(building) s, run in \(running) s")
    expected = (fed, outputs)
    return (fed, outputs)
  }
  for precision in [BuildOptions.Precision.fp32, .fp16] {
    tally.add("\(name) \(precision.rawValue)") {
      let source = try SourceModel(contentsOf: path, randomWeights: arguments.randomWeights)
      let (inputs, outputs) = try reference(source)
      let set = TacticSet.cuda(
        CUDARuntime(gpu), images: cache, precision: precision.rawValue, host: .cpu())
      let (plan, building) = try seconds { try build(source, set, precision, measured: true) }
      let binding = try Session(plan).bind(inputs: inputs)
      var worst: [Bench.Outcome] = []
      for _ in 1...3 {
        try binding.execute()
        worst.append(compare(try binding.outputs(), outputs, precision))
      }
      let time = try (0..<50).compactMap { _ in try binding.deviceMilliseconds() }.sorted()
      let median = time.isEmpty ? "not one graph" : "\(Float(time[time.count / 2])) ms"
      let shown = worst.first { !$0.isRight } ?? worst[2]
      return Bench.Outcome(isRight: shown.isRight, text: "\(shown.text), \(median), built in \(building) s")
    }
  }
}

/// What `body` gives and how long it takes, to a tenth of a second.
private func seconds<Result>(_ body: () throws -> Result) rethrows -> (Result, Double) {
  let start = ContinuousClock.now
  let result = try body()
  return (result, ((ContinuousClock.now - start) / .milliseconds(100)).rounded() / 10)
}

/// `measured`: kernels are timed against each other; else the first that serves a node is taken.
private func build(
  _ source: SourceModel, _ set: TacticSet, _ precision: BuildOptions.Precision, measured: Bool
) throws -> ExecutablePlan {
  var options = BuildOptions()
  options.measures = false
  options.deterministic = !measured
  options.checksAccuracy = false
  options.precisions = [precision]
  return try Builder(options: options, tactics: set).build(source).lowered.executable
}

/// FP32 within 1e-5 of the largest magnitude, FP16 with a cosine of at least 0.999, each output.
private func compare(
  _ found: [String: Tensor], _ expected: [String: Tensor], _ precision: BuildOptions.Precision
) -> Bench.Outcome {
  var (relative, cosine, wrong) = (0.0, 1.0, [String]())
  for (name, want) in expected.sorted(by: { $0.key < $1.key }) {
    guard let got = found[name] else {
      wrong.append("\(name) is missing")
      continue
    }
    let comparison = Comparison(name, actual: got, expected: want)
    let isRight = precision == .fp32 ? comparison.maxRelative <= 1e-5 : comparison.cosine >= 0.999
    if !isRight { wrong.append("\(name) differs") }
    (relative, cosine) = (max(relative, comparison.maxRelative), min(cosine, comparison.cosine))
  }
  return Bench.Outcome(
    isRight: wrong.isEmpty,
    text: (wrong + ["relative \(Float(relative))", "cosine \(Float(cosine))"]).joined(separator: ", "))
}
