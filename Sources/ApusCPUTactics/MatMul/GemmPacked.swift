public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// Gemm, with the second matrix packed where it is constant.
public struct GemmPacked: Tactic {
  public let name = "cpu.gemm"
  public var operators: [any Operator.Type] { [Gemm.self] }

  public init() {}

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.typeRefusal { return .no(reason) }
    if let weight = node.constant(1), weight.elementCount == 0 { return .no("no weights") }
    guard let gemm = node.op as? Gemm, MatrixProduct(gemm, node) != nil else {
      return .no("the addend is no row and no whole matrix")
    }
    return .yes([.all(.rowMajor, node)])
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    guard let gemm = node.op as? Gemm, let product = MatrixProduct(gemm, node) else {
      throw node.mismatch(self)
    }
    var (parameters, absorbed) = (product.parameters, product.absorbed)
    var references: [ConstantReference] = []
    if let weight = node.constant(1) {
      references.append(constants.add(parameters.pack(weight.inFloat32())))
      absorbed.insert(1)
    }
    if let bias = product.bias { references.append(constants.add(bias)) }
    return BuiltKernel(
      try MatMulKernel.record(parameters, tactic: name, constants: references), absorbedInputs: absorbed)
  }
}
