import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Operators that pick single elements by their place: triangles of matrices, reversed sequences, unit matrices.
public struct MoveElements: CUDATactic {
  public let name = "cuda.elements"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [EyeLike.self, ReverseSequence.self, Trilu.self] }

  public func supports(_ node: TacticNode) -> Support {
    guard let dtype = node.output()?.dtype, dtype.isMovable,
      node.op is EyeLike || node.dtype?.isMovable == true
    else { return .no("element type") }
    guard node.input(0)?.rank != nil else { return .no("the rank is unknown") }
    if node.op is ReverseSequence, node.input(1)?.dtype != .i64 { return .no("type of the lengths") }
    if node.op is EyeLike, dtype.isComplex { return .no("element type") }
    return .yes([.rowMajor(node, reading: node.op is EyeLike ? [] : Set(node.inputs.indices))])
  }

  func absorbed(_ node: TacticNode) -> Set<Int> { node.op is EyeLike ? [0] : [] }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    let (output, count) = (try node.output(), try node.output().elementCount)
    let size = KernelSource.Define("SIZE", output.dtype.bitWidth / 8)
    switch node.op {
    case let op as Trilu:
      let shape = output.shape
      return one(
        GeneralKernel(
          "trilu.cu", items: count,
          defines: [
            size, .init("ROWS", shape[shape.count - 2]), .init("COLUMNS", shape[shape.count - 1]),
            .init("UPPER", op.upper),
          ], operands: ["input", "shift", "output"]),
        ["input": .input(0), "output": .output(0)].merging(node.isPresent(1) ? ["shift": .input(1)] : [:]) {
          $1
        })
    case let op as ReverseSequence:
      let strides = output.shape.rowMajorStrides
      let batch = try normalizedAxis(op.batchAxis, rank: strides.count)
      let time = try normalizedAxis(op.timeAxis, rank: strides.count)
      return one(
        GeneralKernel(
          "reverse_sequence.cu", items: count,
          defines: [
            size, .init("BATCH", output.shape[batch]), .init("BATCH_STRIDE", strides[batch]),
            .init("TIME", output.shape[time]), .init("TIME_STRIDE", strides[time]),
          ], operands: ["input", "lengths", "output"]),
        ["input": .input(0), "lengths": .input(1), "output": .output(0)])
    case let op as EyeLike:
      return one(
        GeneralKernel(
          "eye_like.cu", items: count, types: ["OUT": output.dtype],
          defines: [.init("COLUMNS", output.shape[1]), .init("SHIFT", "\(op.k)ll")], operands: ["output"]),
        ["output": .output(0)])
    default: throw node.missing("an operator that moves elements")
    }
  }

  private func one(_ kernel: GeneralKernel, _ operands: [String: CUDAProgram.Operand]) -> [CUDAProgram] {
    [CUDAProgram(String(kernel.file.prefix { $0 != "." }), kernel.spec(), operands)]
  }
}

extension DType {
  /// Whether single elements can be addressed.
  var isMovable: Bool { self != .string && bitWidth >= 8 }

  /// Whether kernels take it as an index.
  var isIndex: Bool { self == .i32 || self == .i64 }
}
