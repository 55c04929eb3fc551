import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Softmax and its logarithm over the last axis.
public struct SoftmaxRows: CUDATactic {
  public let name = "cuda.softmax"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [LogSoftmax.self, Softmax.self] }

  public func supports(_ node: TacticNode) -> Support {
    guard let dtype = node.dtype, KernelElement(dtype) != nil else { return .no("element type") }
    guard let rank = node.input(0)?.rank, rank > 0 else { return .no("the rank is unknown") }
    let (axis, flattened) =
      (node.op as? Softmax).map { ($0.axis, $0.flattened) }
      ?? (node.op as? LogSoftmax).map { ($0.axis, $0.flattened) } ?? (0, true)
    guard (axis < 0 ? axis + rank : axis) == rank - 1, !flattened || rank == 1 || axis == rank - 1 else {
      return .no("not along the last axis")
    }
    return .yes([.all(.rowMajor, node)])
  }

  func inPlace(_ node: TacticNode) -> [[Int]] { [[0, 0]] }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    let input = try node.input(0)
    guard let element = KernelElement(input.dtype), let columns = input.shape.last else {
      throw node.refusal("element type")
    }
    let kernel = SoftmaxKernel(
      element: element, rows: input.elementCount / max(1, columns), columns: columns,
      isLogarithm: node.op is LogSoftmax)
    if let reason = kernel.refusal { throw node.refusal(reason) }
    return [CUDAProgram("softmax", kernel.spec(), ["input": .input(0), "output": .output(0)])]
  }
}
