import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// LinearAttention, a thread a column of the state.
public struct LinearAttentionColumns: CUDATactic {
  public let name = "cuda.linear-attention"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [LinearAttention.self] }

  public func supports(_ node: TacticNode) -> Support {
    guard let dtype = node.dtype, dtype.isFloat, !dtype.isMiniFloat else { return .no("element type") }
    guard node.input(1)?.dtype == dtype, node.input(2)?.dtype == dtype else { return .no("mixed types") }
    let further = [node.input(4)?.dtype, node.input(5)?.dtype].compactMap { $0 }
    guard Set(further).count <= 1, further.allSatisfy({ $0.isFloat && !$0.isMiniFloat }) else {
      return .no("types of decay and beta")
    }
    guard [0, 1, 2].allSatisfy({ node.input($0)?.rank == 3 }) else { return .no("ranks are unknown") }
    return .yes([.all(.rowMajor, node)])
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let op = node.op as? LinearAttention else { throw node.missing("attention") }
    let (q, k, v) = (try node.input(0), try node.input(1), try node.input(2))
    let (size, valueSize) = (k.shape[2] / op.keyHeads, v.shape[2] / op.keyHeads)
    let items = q.shape[0] * op.keyHeads * valueSize
    let decays = op.updateRule == .gated || op.updateRule == .gatedDelta
    let corrects = op.updateRule == .delta || op.updateRule == .gatedDelta
    let isWide = q.dtype == .f64
    let state = node.isPresent(3) ? try node.input(3).dtype : q.dtype
    let parameter =
      decays ? try node.input(4).dtype : corrects ? try node.input(5).dtype : DType.f32
    let kernel = GeneralKernel(
      "linear_attention.cu", items: items, types: ["IN": q.dtype, "STATE": state, "PARAMETER": parameter],
      defines: [
        .init("SUMS", isWide ? "double" : "float"), .init("KEY_HEADS", op.keyHeads),
        .init("SHARE", op.queryHeads / op.keyHeads), .init("LENGTH", q.shape[1]), .init("HEAD_SIZE", size),
        .init("VALUE_SIZE", valueSize),
        .init("SCALE", op.scale == 0 ? 1 / Double(size).squareRoot() : op.scale), .init("DECAYS", decays),
        .init("CORRECTS", corrects), .init("DECAY_WIDTH", decays ? try node.input(4).shape[2] : 1),
        .init("BETA_WIDTH", corrects ? try node.input(5).shape[2] : 1),
      ],
      operands: ["query", "key", "value", "past", "decay", "beta", "state", "output", "present"])
    var operands: [String: CUDAProgram.Operand] = ["state": .temporary(0)]
    for (index, name) in ["query", "key", "value", "past", "decay", "beta"].enumerated()
    where node.isPresent(index) {
      operands[name] = .input(index)
    }
    for (index, name) in ["output", "present"].enumerated()
    where index < node.outputs.count && node.outputs[index] != nil {
      operands[name] = .output(index)
    }
    guard operands["output"] != nil else { throw node.refusal("the result is not wanted") }
    return [
      CUDAProgram(
        "linear attention", [.init(spec: kernel.spec(), operands: operands)],
        temporaryBytes: items * size * (isWide ? 8 : 4))
    ]
  }
}
