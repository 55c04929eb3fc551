import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Attention of halves in one kernel.
public struct AttentionFused: CUDATactic {
  public let name = "cuda.attention"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [ScaledDotProductAttention.self] }

  public func supports(_ node: TacticNode) -> Support {
    guard let op = node.op as? ScaledDotProductAttention, let dtype = node.dtype else {
      return .no("no type")
    }
    guard dtype == .f16 || dtype == .bf16 else { return .no("no halves") }
    guard let rank = node.input(0)?.rank, rank == (op.heads > 0 ? 3 : 4) else { return .no("rank") }
    if let mask = node.input(3) {
      guard [.f16, .bf16, .f32, .bool].contains(mask.dtype), mask.dtype != .bool else {
        return .no("a mask of bools")
      }
      guard let shape = mask.shape, shape.count <= 4 else { return .no("the mask's rank is unknown") }
    }
    if size(node).map({ $0 % 16 != 0 || $0 > 128 }) ?? true { return .no("the size of a head") }
    return .yes([.all(.rowMajor, node)])
  }

  /// Elements of a head, when query and value agree.
  private func size(_ node: TacticNode) -> Int? {
    guard let op = node.op as? ScaledDotProductAttention, let q = node.input(0)?.shape?.last?.value,
      let v = node.input(2)?.shape?.last?.value, q == v
    else { return nil }
    return op.heads > 0 ? q / op.heads : q
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let op = node.op as? ScaledDotProductAttention else { throw node.missing("attention") }
    let (q, k) = (try node.input(0).shape, try node.input(1).shape)
    guard let element = KernelElement(try node.input(0).dtype) else { throw node.refusal("element type") }
    var kernel: AttentionKernel
    if op.heads > 0 {
      kernel = AttentionKernel(
        element: element, batch: q[0], heads: op.heads, queries: q[1], keys: k[1], headSize: q[2] / op.heads,
        scale: Float(op.scale))
    } else {
      kernel = AttentionKernel(
        element: element, batch: q[0], heads: q[1], queries: q[2], keys: k[2], headSize: q[3],
        scale: Float(op.scale))
      let strides = { (shape: [Int]) in
        AttentionKernel.Strides(
          row: shape[3], head: shape[2] * shape[3], batch: shape[1] * shape[2] * shape[3])
      }
      (kernel.query, kernel.key, kernel.value, kernel.output) = (
        strides(q), strides(k), strides(k), strides(q)
      )
    }
    var operands: [String: CUDAProgram.Operand] = [
      "query": .input(0), "key": .input(1), "value": .input(2), "output": .output(0),
    ]
    if node.isPresent(3) {
      let mask = try node.input(3)
      guard let type = KernelElement(mask.dtype) else { throw node.refusal("the mask's type") }
      kernel.mask = .added
      kernel.maskElement = type
      let shape = [Int](repeating: 1, count: 4 - mask.shape.count) + mask.shape
      guard shape[3] == kernel.keys else { throw node.refusal("the mask is the same for all keys") }
      let steps = shape.rowMajorStrides
      kernel.maskStrides = AttentionKernel.Strides(
        row: shape[2] == 1 ? 0 : steps[2], head: shape[1] == 1 ? 0 : steps[1],
        batch: shape[0] == 1 ? 0 : steps[0])
      operands["mask"] = .input(3)
    }
    if let reason = kernel.refusal { throw node.refusal(reason) }
    return [CUDAProgram("attention", kernel.spec(), operands)]
  }
}
