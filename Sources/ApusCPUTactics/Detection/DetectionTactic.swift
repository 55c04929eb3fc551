import ApusCore
import ApusCPU
import ApusEngine
import ApusTactics

/// Support of detection nodes in FP32 whose outputs are all read: kernels write every output.
func detectionSupport(_ node: TacticNode, inputs: Int, outputs: Int) -> Support {
  for index in 0..<node.inputs.count where node.isPresent(index) {
    guard node.input(index)?.dtype == .f32 else { return .no("input \(index) is not FP32") }
  }
  guard node.inputs.count >= inputs else { return .no("an input is missing") }
  guard node.outputs.count >= outputs, node.outputs.prefix(outputs).allSatisfy({ $0 != nil }) else {
    return .no("an output is left out")
  }
  return .yes([.all(.rowMajor, node)])
}
