import ApusCUDA
public import ApusCore
import ApusEngine
public import ApusTactics

/// Moves a tensor between row-major and channels-last memory.
public struct ReorderLayout: CUDATactic {
  public let name = "cuda.reorder"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [LayoutReorder.self] }

  public func supports(_ node: TacticNode) -> Support {
    guard let op = node.op as? LayoutReorder else { return .no("not a reorder") }
    return .yes([LayoutSignature(inputs: [op.from], outputs: [op.to])])
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    let input = try node.input(0)
    let operands: [String: CUDAProgram.Operand] = ["input": .input(0), "output": .output(0)]
    if input.shape.count > 2, let element = KernelElement(input.dtype) {
      let pixels = input.shape[2...].reduce(1, *)
      let toPixels = input.layout == .rowMajor
      let kernel = TransposeKernel(
        input: element, output: element, batch: input.shape[0], rows: toPixels ? input.shape[1] : pixels,
        columns: toPixels ? pixels : input.shape[1])
      return [CUDAProgram("transpose", kernel.spec(), operands)]
    }
    let output = try node.output()
    let order = output.layout.order(rank: output.shape.count)
    let kernel = PermuteKernel(
      elementBytes: input.dtype.bitWidth / 8, extents: order.map { input.shape[$0] },
      strides: order.map { input.strides[$0] })
    if let reason = kernel.refusal { throw node.refusal(reason) }
    return [CUDAProgram("permute", kernel.spec(), operands)]
  }
}
