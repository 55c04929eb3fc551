import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Attention in one kernel: halves on the tensor cores, FP32 exactly.
public struct AttentionFused: CUDATactic {
  public let name = "cuda.attention"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [PackedAttention.self, ScaledDotProductAttention.self] }

  public func supports(_ node: TacticNode) -> Support {
    guard let dtype = node.dtype else { return .no("no type") }
    guard KernelElement(dtype) != nil, dtype != .u8 else { return .no("the element type") }
    guard let rank = node.input(0)?.rank, rank == (Self.heads(node.op) > 0 ? 3 : 4) else {
      return .no("rank")
    }
    if let mask = node.input(Self.maskInput(node.op)) {
      guard mask.dtype == .bool || KernelElement(mask.dtype) != nil else { return .no("the mask's type") }
      guard let shape = mask.shape, shape.count <= 4 else { return .no("the mask's rank is unknown") }
    }
    return .yes([.all(.rowMajor, node)])
  }

  private static func heads(_ op: any Operator) -> Int {
    ((op as? PackedAttention)?.attention ?? op as? ScaledDotProductAttention)?.heads ?? 0
  }

  private static func maskInput(_ op: any Operator) -> Int { op is PackedAttention ? 1 : 3 }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let element = KernelElement(try node.input(0).dtype) else { throw node.refusal("element type") }
    var kernel: AttentionKernel
    var operands: [String: CUDAProgram.Operand] = ["query": .input(0), "output": .output(0)]
    switch node.op {
    case let op as PackedAttention:
      kernel = Self.packed(op.attention, try node.input(0).shape, element)
      (operands["key"], operands["value"]) = (.input(0), .input(0))
    case let op as ScaledDotProductAttention:
      kernel = Self.separate(op, try (0..<3).map { try node.input($0).shape }, element)
      (operands["key"], operands["value"]) = (.input(1), .input(2))
    default: throw node.missing("attention")
    }
    let mask = Self.maskInput(node.op)
    if node.isPresent(mask) {
      try add(mask: try node.input(mask), of: node, to: &kernel)
      operands["mask"] = .input(mask)
    }
    if let reason = kernel.refusal { throw node.refusal(reason) }
    var program = CUDAProgram("attention", kernel.spec(), operands)
    program.arithmetic = element == .f32 ? .single : .half
    return [program]
  }

  /// Query, key and value are thirds of each row.
  private static func packed(
    _ op: ScaledDotProductAttention, _ shape: [Int], _ element: KernelElement
  ) -> AttentionKernel {
    let width = shape[2] / 3
    var kernel = AttentionKernel(
      element: element, batch: shape[0], heads: op.heads, queries: shape[1], keys: shape[1],
      headSize: width / op.heads, scale: Float(op.scale))
    kernel.query = AttentionKernel.Strides(row: shape[2], head: kernel.headSize, batch: shape[1] * shape[2])
    (kernel.key, kernel.value) = (kernel.query, kernel.query)
    (kernel.keyStart, kernel.valueStart) = (width, 2 * width)
    kernel.zeroesNaN = op.zeroesNaN
    return kernel
  }

  private static func separate(
    _ op: ScaledDotProductAttention, _ shapes: [[Int]], _ element: KernelElement
  ) -> AttentionKernel {
    let (q, k, v) = (shapes[0], shapes[1], shapes[2])
    var kernel: AttentionKernel
    if op.heads > 0 {
      kernel = AttentionKernel(
        element: element, batch: q[0], heads: op.heads, queries: q[1], keys: k[1], headSize: q[2] / op.heads,
        scale: Float(op.scale))
      kernel.valueSize = v[2] / op.heads
      kernel.value = AttentionKernel.Strides(row: v[2], head: kernel.valueSize, batch: v[1] * v[2])
      kernel.output = AttentionKernel.Strides(row: v[2], head: kernel.valueSize, batch: q[1] * v[2])
    } else {
      kernel = AttentionKernel(
        element: element, batch: q[0], heads: q[1], queries: q[2], keys: k[2], headSize: q[3],
        scale: Float(op.scale))
      kernel.valueSize = v[3]
      let strides = { (shape: [Int]) in
        AttentionKernel.Strides(
          row: shape[3], head: shape[2] * shape[3], batch: shape[1] * shape[2] * shape[3])
      }
      (kernel.query, kernel.key, kernel.value) = (strides(q), strides(k), strides(v))
      kernel.output = strides([q[0], q[1], q[2], v[3]])
    }
    kernel.zeroesNaN = op.zeroesNaN
    return kernel
  }

  private func add(mask: TensorDescriptor, of node: ConcreteNode, to kernel: inout AttentionKernel) throws {
    kernel.mask = mask.dtype == .bool ? .visible : .added
    guard let type = mask.dtype == .bool ? .u8 : KernelElement(mask.dtype) else {
      throw node.refusal("the mask's type")
    }
    kernel.maskElement = type
    let shape = [Int](repeating: 1, count: 4 - mask.shape.count) + mask.shape
    let steps = shape.rowMajorStrides.enumerated().map { shape[$0] == 1 ? 0 : $1 }
    kernel.maskStrides = AttentionKernel.Strides(row: steps[2], head: steps[1], batch: steps[0])
    kernel.maskColumn = steps[3]
  }
}
