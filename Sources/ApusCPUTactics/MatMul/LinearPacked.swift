public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// Product with a constant matrix, which is packed.
public struct LinearPacked: Tactic {
  private let usesBF16x3: Bool
  public var name: String { usesBF16x3 ? "cpu.linear.bf16x3" : "cpu.linear.packed" }
  public var operators: [any Operator.Type] { [Linear.self] }

  public init() { usesBF16x3 = false }

  /// FP32 products of BF16 parts.
  init(usesBF16x3: Bool) { self.usesBF16x3 = usesBF16x3 }

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.typeRefusal ?? node.packingRefusal(2, "bias") { return .no(reason) }
    if usesBF16x3, let reason = BF16x3.refusal(node) { return .no(reason) }
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
    parameters.usesBF16x3 = usesBF16x3
    let matrix = weight.inFloat32()
    var references = [constants.add(parameters.pack(usesBF16x3 ? try BF16x3.checked(matrix, node) : matrix))]
    if let bias = product.bias { references.append(constants.add(bias)) }
    return BuiltKernel(
      try MatMulKernel.record(parameters, tactic: name, constants: references),
      absorbedInputs: product.absorbed.union([1]), inPlace: [[0, 3]])
  }
}
