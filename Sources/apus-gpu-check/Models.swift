import ApusBuilder
import ApusCPUTactics
import ApusCUDA
import ApusCUDATactics
import ApusCore
import ApusEngine
import ApusTactics
import ApusVision

/// Optimizes a model for the CPU and for the GPU in FP32 and FP16 and compares every output on random inputs, three
/// runs each: the second and third replay a graph.
func runModel(
  _ path: String, _ arguments: Arguments, _ gpu: DriverGPU, _ cache: KernelCache, _ tally: inout Tally
) {
  var expected: (inputs: [String: Tensor], outputs: [String: Tensor])?
  func reference(_ source: SourceModel) throws -> (inputs: [String: Tensor], outputs: [String: Tensor]) {
    if let expected { return expected }
    let inputs = source.graph.inputs.compactMap { id in
      source.graph[id].type.tensor.map { DataSource.Input(name: source.graph[id].name, type: $0) }
    }
    let fed = try DataSource.generated(
      RandomData(seed: arguments.randomWeights ?? 0, ranges: source.graph.indexRanges()), inputs: inputs
    ).sample(0)
    let plan = try build(source, .cpu(), .fp32)
    let outputs = try Session(plan).run(fed)
    expected = (fed, outputs)
    return (fed, outputs)
  }
  let name = path.split(separator: "/").last.map(String.init) ?? path
  for precision in [BuildOptions.Precision.fp32, .fp16] {
    tally.add("\(name) \(precision.rawValue)") {
      let source = try SourceModel(contentsOf: path, randomWeights: arguments.randomWeights)
      let (inputs, outputs) = try reference(source)
      let set = TacticSet.cuda(
        CUDARuntime(gpu), images: cache, precision: precision.rawValue, host: .cpu())
      let binding = try Session(try build(source, set, precision)).bind(inputs: inputs)
      var worst: [Bench.Outcome] = []
      for _ in 1...3 {
        try binding.execute()
        worst.append(compare(try binding.outputs(), outputs, precision))
      }
      let time = try (0..<50).compactMap { _ in try binding.deviceMilliseconds() }.sorted()
      let median = time.isEmpty ? "not one graph" : "\(Float(time[time.count / 2])) ms"
      let shown = worst.first { !$0.isRight } ?? worst[2]
      return Bench.Outcome(isRight: shown.isRight, text: "\(shown.text), \(median)")
    }
  }
}

private func build(_ source: SourceModel, _ set: TacticSet, _ precision: BuildOptions.Precision) throws
  -> ExecutablePlan
{
  var options = BuildOptions()
  options.measures = false
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
