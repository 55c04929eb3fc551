public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// Product with a constant matrix, which is packed.
public struct LinearPacked: Tactic {
  public let name = "cpu.linear.packed"
  public var operators: [any Operator.Type] { [Linear.self] }

  public init() {}

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.typeRefusal ?? node.packingRefusal(2, "bias") { return .no(reason) }
    guard let weight = node.constant(1), weight.rank == 2 else {
      return .no("the weights are computed at run time")
    }
    guard weight.elementCount > 0 else { return .no("no weights") }
    return .yes([node.signature([0: .rowMajor, 3: .rowMajor], outputs: .rowMajor)])
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    guard let op = node.op as? Linear, let weight = node.constant(1), let product = MatrixProduct(op, node)
    else { throw node.mismatch(self) }
    var parameters = product.parameters
    var references = [constants.add(parameters.pack(weight.inFloat32()))]
    if let bias = product.bias { references.append(constants.add(bias)) }
    return BuiltKernel(
      try MatMulKernel.record(parameters, tactic: name, constants: references),
      absorbedInputs: product.absorbed.union([1]), inPlace: [[0, 3]])
  }
}
