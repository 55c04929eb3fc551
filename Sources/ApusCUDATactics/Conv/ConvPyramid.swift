import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// All levels of a feature pyramid in one implicit matrix product: small levels fill what large ones leave idle.
public struct ConvPyramid: CUDATactic {
  public let name = "cuda.conv.pyramid"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [PyramidConv.self] }

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.convolutionRefusal { return .no(reason) }
    return .yes([.all(.rowMajor, node)])
  }

  func absorbed(_ node: TacticNode) -> Set<Int> { [1, 2] }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let op = node.op as? PyramidConv, let weight = node.constant(1) else {
      throw node.missing("weights")
    }
    let input = try node.input(0)
    guard let element = KernelElement(input.dtype), let height = op.heights.first, let width = op.widths.first
    else { throw node.refusal("element type or levels") }
    let first = TensorDescriptor(input.dtype, [input.shape[0], input.shape[2], height, width], .channelsLast)
    let geometry = try ConvGeometry(op.conv, input: first, weight: weight)
    return node.productPrograms(
      packedWeights(weight, element, context), element, op.conv.activation, context
    ) { math in
      var problem = ConvolutionProblem(geometry, math: math, output: element)
      problem.levels = zip(op.heights, op.widths).map { [$0, $1] }
      return problem
    }
  }
}
