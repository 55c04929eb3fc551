import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Product with a constant matrix, with bias, activation and residual fused.
public struct LinearProduct: CUDATactic {
  public let name = "cuda.linear"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [Linear.self, Gemm.self] }

  public func supports(_ node: TacticNode) -> Support {
    guard let dtype = node.dtype, KernelElement(dtype) != nil else { return .no("element type") }
    guard let weight = node.constant(1), weight.rank == 2, weight.elementCount > 0 else {
      return .no("the weights are computed at run time")
    }
    if let gemm = node.op as? Gemm {
      guard !gemm.transA, gemm.alpha == 1 else { return .no("a scaled or transposed first matrix") }
      if node.isPresent(2) {
        guard gemm.beta == 1, let row = node.constant(2),
          row.elementCount == weight.shape[gemm.transB ? 0 : 1]
        else { return .no("the addend is no constant row") }
      }
    } else if node.isPresent(2) && node.constant(2) == nil {
      return .no("the bias is computed at run time")
    }
    let residual: Layout? = node.op is Linear && node.isPresent(3) ? .rowMajor : nil
    return .yes([
      LayoutSignature(
        inputs: Array([.rowMajor, nil, nil, residual].prefix(node.inputs.count)), outputs: [.rowMajor])
    ])
  }

  func absorbed(_ node: TacticNode) -> Set<Int> { [1, 2] }
  func inPlace(_ node: TacticNode) -> [[Int]] { [[0, 3]] }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let weight = node.constant(1) else { throw node.missing("weights") }
    let input = try node.input(0)
    guard let element = KernelElement(input.dtype) else { throw node.refusal("element type") }
    let isTransposed = (node.op as? Gemm)?.transB ?? false
    let (k, n) = isTransposed ? (weight.shape[1], weight.shape[0]) : (weight.shape[0], weight.shape[1])
    let activation = (node.op as? Linear)?.activation ?? (node.op as? Gemm)?.activation ?? .none
    return node.productPrograms(
      packedMatrix(weight, isTransposed: isTransposed, element, context), element, activation, context,
      residual: node.op is Linear && node.isPresent(3) ? 3 : nil
    ) { math in
      .product(math: math, output: element, rows: input.elementCount / max(1, k), columns: n, reduction: k)
    }
  }
}
