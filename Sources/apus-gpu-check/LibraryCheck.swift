import ApusCPUTactics
import ApusCUDA
import ApusCUDATactics
import ApusCore
import ApusEngine
import ApusTactics
import ApusTestSupport

/// Nodes that NVIDIA's libraries compute, in every type, recorded and replayed, held against their operators' references.
func libraryChecks(_ arguments: Arguments, _ gpu: DriverGPU, _ cache: KernelCache, _ tally: inout Tally) {
  for library in CUDALibrary.allCases {
    do { try gpu.require(library) } catch {
      print("skipped \(library.rawValue): \(error)")
      continue
    }
    for (dtype, precision) in [(DType.f16, "fp16"), (.bf16, "bf16"), (.f32, "fp32"), (.f32, "tf32")] {
      for (number, node) in cases(library, dtype).enumerated() {
        let label = "\(library.rawValue) \(precision) \(number) \(node.op.operatorName)"
        guard arguments.takes(label) else { continue }
        tally.add(label) { try outcome(node, precision, gpu, cache) }
      }
    }
  }
}

private func cases(_ library: CUDALibrary, _ dtype: DType) -> [NodeCase] {
  switch library {
  case .cublasLt: libraryProductCases(dtype)
  case .cudnn: libraryConvolutionCases(dtype)
  }
}

private func outcome(_ node: NodeCase, _ precision: String, _ gpu: DriverGPU, _ cache: KernelCache) throws
  -> Bench.Outcome
{
  var node = node
  node.runs = 3
  if precision == "tf32" { node.tolerance = 4e-3 }
  let set = TacticSet.cuda(
    CUDARuntime(gpu), images: cache, precision: precision, libraries: .only, host: .cpu())
  let report = try node.compare(set)
  // Where the library does not know a product, our kernel stands in; that must show.
  let text = report.failures + [report.tactics.sorted().joined(separator: ", ")]
  return Bench.Outcome(isRight: report.failures.isEmpty, text: text.joined(separator: "; "))
}
