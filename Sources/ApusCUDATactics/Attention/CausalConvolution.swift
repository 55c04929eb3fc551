import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Depthwise convolution over the past, with its state.
public struct CausalConvolution: CUDATactic {
  public let name = "cuda.causal-conv"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [CausalConvWithState.self] }

  public func supports(_ node: TacticNode) -> Support {
    guard let dtype = node.dtype, dtype.isFloat, !dtype.isMiniFloat else { return .no("element type") }
    guard let op = node.op as? CausalConvWithState, op.activation.kind == .none || op.activation.kind == .silu
    else { return .no("the activation") }
    guard node.input(0)?.rank == 3, node.input(1)?.rank == 3 else { return .no("ranks are unknown") }
    return .yes([.all(.rowMajor, node)])
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let op = node.op as? CausalConvWithState else { throw node.missing("a convolution") }
    let (shape, taps) = (try node.input(0).shape, try node.input(1).shape[2])
    let dtype = try node.input(0).dtype
    let kernel = GeneralKernel(
      "causal_conv.cu", items: shape[0] * shape[1] * (shape[2] + taps - 1), types: ["IN": dtype],
      defines: [
        .init("SUMS", dtype == .f64 ? "double" : "float"), .init("CHANNELS", shape[1]),
        .init("LENGTH", shape[2]), .init("TAPS", taps), .init("BIAS", node.isPresent(2)),
        .init("SILU", op.activation.kind == .silu),
      ], operands: ["input", "weights", "bias", "past", "output", "present"])
    var operands: [String: CUDAProgram.Operand] = [:]
    for (index, name) in ["input", "weights", "bias", "past"].enumerated() where node.isPresent(index) {
      operands[name] = .input(index)
    }
    for (index, name) in ["output", "present"].enumerated()
    where index < node.outputs.count && node.outputs[index] != nil {
      operands[name] = .output(index)
    }
    guard operands["output"] != nil else { throw node.refusal("the result is not wanted") }
    return [CUDAProgram("causal conv", kernel.spec(), operands)]
  }
}
