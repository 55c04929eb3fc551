import ApusCUDA
import ApusCore
import ApusEngine
import ApusOperators

extension ConcreteNode {
  /// What a kernel of the node has to do. `constantBytes` are those of its packed constants; `absorbed` inputs are read
  /// from there only.
  func work(
    _ arithmetic: Arithmetic?, absorbed: Set<Int>, constantBytes: Int, _ gpu: GPUProperties
  ) -> KernelWork {
    let operations = operations
    let written = outputs.reduce(0) { $0 + ($1?.byteCount ?? 0) }
    var (constants, activations) = (constantBytes, written)
    for (index, input) in inputs.enumerated() where !absorbed.contains(index) {
      // Of a table or a larger tensor only what is picked is read.
      let bytes = isPicking && index == 0 ? min(input?.byteCount ?? 0, written) : input?.byteCount ?? 0
      if constant(index) != nil { constants += bytes } else { activations += bytes }
    }
    return KernelWork(
      operations: operations, constantBytes: Double(constants), activationBytes: Double(activations),
      floorMicroseconds: gpu.floorMicroseconds(
        operations: operations, arithmetic, constantBytes: Double(constants),
        activationBytes: Double(activations)))
  }

  private var isPicking: Bool {
    ["Gather", "GatherElements", "GatherND", "Slice", "StridedSlice", "Split"].contains(op.operatorName)
  }

  private var operations: Double {
    op.operationCount(inputs: inputs.map { $0?.shape }, output: (outputs.first ?? nil)?.shape)
  }
}
