import ApusCUDA
import ApusCore
import ApusTactics

/// Support of detection nodes of one element type whose outputs are all read: kernels write every output.
func detectionSupport(_ node: TacticNode, inputs: Int, outputs: Int) -> Support {
  guard let dtype = node.dtype, KernelElement(dtype) != nil else { return .no("element type") }
  for index in 0..<node.inputs.count where node.isPresent(index) {
    guard node.input(index)?.dtype == dtype else { return .no("inputs differ in type") }
  }
  guard node.inputs.count >= inputs else { return .no("an input is missing") }
  guard node.outputs.count >= outputs, node.outputs.prefix(outputs).allSatisfy({ $0 != nil }) else {
    return .no("an output is left out")
  }
  return .yes([.all(.rowMajor, node)])
}

extension CUDAProgram {
  /// Candidates of all segments in lists, and then the steps that read them. The lists lie at the front of the temporary
  /// memory.
  static func detection(
    _ label: String, _ scores: DetectionScores, _ operands: [String: Operand], then last: [Launch],
    packed: [Tensor] = []
  ) -> CUDAProgram {
    let lists = operands.merging(["lists": .temporary(0)]) { given, _ in given }
    let scans = [false, true].map {
      Launch(spec: DetectionScanKernel(scores, refines: $0).spec(), operands: lists)
    }
    return CUDAProgram(
      label, scans + last, packed: packed, temporaryBytes: (scores.listBytes + 255) / 256 * 256)
  }
}
