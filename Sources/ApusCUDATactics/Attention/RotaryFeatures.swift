import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Rotary embedding.
public struct RotaryFeatures: CUDATactic {
  public let name = "cuda.rotary"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [RotaryEmbedding.self] }

  public func supports(_ node: TacticNode) -> Support {
    guard let dtype = node.dtype, dtype.isFloat, !dtype.isMiniFloat else { return .no("element type") }
    guard let table = node.input(1)?.dtype, table.isFloat, !table.isMiniFloat, node.input(2)?.dtype == table
    else { return .no("type of the tables") }
    guard let rank = node.input(0)?.rank, rank == 3 || rank == 4 else { return .no("rank of the input") }
    if let ids = node.input(3), ids.dtype != .i64 { return .no("type of the positions") }
    return .yes([.all(.rowMajor, node)])
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let op = node.op as? RotaryEmbedding else { throw node.missing("a rotation") }
    let (input, table) = (try node.input(0), try node.input(1))
    let form = AttentionRows.HeadForm(input.shape, heads: op.heads)
    let rotated = op.rotatedSize == 0 ? form.size : op.rotatedSize
    guard rotated / 2 > 0 else { throw node.refusal("nothing turns") }
    var operands: [String: CUDAProgram.Operand] = [
      "input": .input(0), "cosines": .input(1), "sines": .input(2), "output": .output(0),
    ]
    var ids = 0
    if node.isPresent(3) {
      operands["ids"] = .input(3)
      ids = try node.input(3).elementCount == 1 ? 1 : 2
    }
    let kernel = GeneralKernel(
      "rotary.cu", items: input.elementCount, types: ["IN": input.dtype, "TABLE": table.dtype],
      defines: [
        .init("HEADS", form.heads), .init("LENGTH", form.length), .init("HEAD_SIZE", form.size),
        .init("ROTATED", rotated), .init("INTERLEAVED", op.interleaved),
        .init("HEADS_FIRST", input.shape.count == 4),
        .init("TABLE_ROWS", table.elementCount / (rotated / 2)), .init("IDS", ids),
      ], operands: ["input", "cosines", "sines", "ids", "output"])
    return [CUDAProgram("rotary", kernel.spec(), operands)]
  }
}
