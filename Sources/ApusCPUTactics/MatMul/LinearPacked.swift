public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// Product with a constant matrix, which is packed.
public struct LinearPacked: Tactic {
  private let parts: BF16Parts
  public var name: String { parts.name.map { "cpu.linear.\($0)" } ?? "cpu.linear.packed" }
  public var operators: [any Operator.Type] { [Linear.self] }

  public init() { parts = .none }

  /// FP32 products of BF16 parts.
  init(parts: BF16Parts) { self.parts = parts }

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.typeRefusal ?? node.packingRefusal(2, "bias") { return .no(reason) }
    if let reason = parts.refusal(node) { return .no(reason) }
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
    parameters.parts = parts
    let matrix = weight.inFloat32()
    var references = [constants.add(try parameters.pack(parts.checked(matrix, node)))]
    if let bias = product.bias { references.append(constants.add(bias)) }
    return BuiltKernel(
      try MatMulKernel.record(parameters, tactic: name, constants: references),
      absorbedInputs: product.absorbed.union([1]), inPlace: [[0, 3]])
  }
}
