import ApusCPUTactics
import ApusCUDA
import ApusCUDATactics
import ApusCore
import ApusTactics
import ApusTestSupport

/// Types that nodes are checked in, and the precision asked for.
let checkedTypes = [(DType.f16, "fp16"), (.bf16, "bf16"), (.f32, "fp32"), (.f32, "tf32")]

/// Nodes of the kernels that need a real device, in every type, recorded and replayed, held against their operators' references.
func nodeChecks(_ arguments: Arguments, _ gpu: DriverGPU, _ cache: KernelCache, _ tally: inout Tally) {
  for (dtype, precision) in checkedTypes {
    let cases =
      pyramidCases(dtype) + squeezeExcitationCases(dtype) + narrowConvolutionCases(dtype)
      + packedAttentionCases(dtype, sizes: [64, 48, 10]) + patchConvolutionCases(dtype)
    for (number, node) in cases.enumerated() {
      let label = "node \(node.op.operatorName) \(precision) \(number)"
      guard arguments.takes(label) else { continue }
      tally.add(label) { try nodeOutcome(node, precision, libraries: .never, gpu, cache) }
    }
  }
}

/// A node's outputs beside its reference's, with the tactics that ran it.
func nodeOutcome(
  _ node: NodeCase, _ precision: String, libraries: LibraryUse, _ gpu: DriverGPU, _ cache: KernelCache
) throws -> Bench.Outcome {
  var node = node
  node.runs = 3
  if precision == "tf32" { node.tolerance = 4e-3 }
  let set = TacticSet.cuda(
    CUDARuntime(gpu), images: cache, precision: precision, libraries: libraries, host: .cpu())
  let report = try node.compare(set)
  let text = report.failures + [report.tactics.sorted().joined(separator: ", ")]
  return Bench.Outcome(isRight: report.failures.isEmpty, text: text.joined(separator: "; "))
}
