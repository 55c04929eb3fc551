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

  /// Multiplications and additions of convolutions, products and attention; 0 of everything else.
  var operations: Double {
    let made = Double(outputs.first??.elementCount ?? 0)
    func size(_ index: Int, _ axis: Int) -> Double {
      guard index < inputs.count, let shape = inputs[index]?.shape, -shape.count..<shape.count ~= axis
      else { return 0 }
      return Double(shape[axis < 0 ? axis + shape.count : axis])
    }
    let weights = Double(inputs.count > 1 ? inputs[1]?.elementCount ?? 0 : 0)
    switch op {
    case is Conv, is GatedConv, is ConvSqueezeExcitation, is PyramidConv:
      return 2 * made * weights / max(1, size(1, 0))
    case is ConvTranspose: return 2 * Double(inputs[0]?.elementCount ?? 0) * weights / max(1, size(1, 0))
    case is MatMul, is Linear: return 2 * made * size(0, -1)
    case let gemm as Gemm: return 2 * made * size(0, gemm.transA ? 0 : -1)
    case let attention as ScaledDotProductAttention:
      let keys = size(1, attention.heads > 0 ? 1 : 2)
      // Scores need the width of the queries for each head, results that of the values.
      let queries = Double(inputs[0]?.elementCount ?? 0)
      return 2 * keys * (queries + made)
    case is PackedAttention: return 4 * size(0, 1) * made
    default: return 0
    }
  }
}
