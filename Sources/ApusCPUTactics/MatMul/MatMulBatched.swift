public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// Product of matrices with broadcast batch axes; a constant second matrix is packed.
public struct MatMulBatched: Tactic {
  public let name = "cpu.matmul"
  public var operators: [any Operator.Type] { [MatMul.self] }

  public init() {}

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.typeRefusal { return .no(reason) }
    return .yes([LayoutSignature.all(.rowMajor, node)])
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    guard let type = node.dtype else { throw node.mismatch(self) }
    var parameters = MatMulKernel.Parameters(type: type)
    var references: [ConstantReference] = []
    if let weight = node.constant(1), weight.rank == 2, weight.elementCount > 0 {
      references.append(constants.add(parameters.pack(weight.inFloat32())))
    }
    return BuiltKernel(
      try MatMulKernel.record(parameters, tactic: name, constants: references),
      absorbedInputs: references.isEmpty ? [] : [1])
  }
}
