import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Product of two computed matrices, of equal batches or with one second matrix for all.
public struct MatMulBatched: CUDATactic {
  public let name = "cuda.matmul"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [MatMul.self] }

  public func supports(_ node: TacticNode) -> Support {
    guard let dtype = node.dtype, KernelElement(dtype) != nil else { return .no("element type") }
    guard let a = node.input(0)?.shape, let b = node.input(1)?.shape, a.count >= 2, b.count >= 2 else {
      return .no("vectors, or unknown ranks")
    }
    guard b.count == 2 || a.dropLast(2) == b.dropLast(2) else { return .no("batches are broadcast") }
    return .yes([.all(.rowMajor, node)])
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    let (a, b) = (try node.input(0), try node.input(1))
    guard let element = KernelElement(a.dtype) else { throw node.refusal("element type") }
    let (k, n) = (b.shape[b.shape.count - 2], b.shape[b.shape.count - 1])
    let isShared = b.shape.count == 2
    let batches = isShared ? 1 : b.shape.dropLast(2).reduce(1, *)
    let rows = a.elementCount / max(1, k * batches)
    return context.math(element).flatMap { math in
      var problem = ConvolutionProblem.product(
        math: math, output: element, rows: rows, columns: n, reduction: k)
      problem.hasBias = false
      problem.weightsAreConstant = false
      problem.weightsAreRowMajor = true
      if batches > 1 {
        problem.batches = batches
        problem.batchStrides = [rows * k, k * n, rows * n]
      }
      return problem.programs(context, [], extra: ["weights": .input(1)])
    }.sorted { ($0.expected ?? 0) < ($1.expected ?? 0) }
  }
}
