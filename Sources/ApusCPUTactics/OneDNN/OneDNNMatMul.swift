public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// Product with a constant matrix by oneDNN: Linear, MatMul and Gemm.
public struct OneDNNMatMul: Tactic {
  public let name = "cpu.onednn.matmul"
  public var operators: [any Operator.Type] { [Gemm.self, Linear.self, MatMul.self] }

  public init() {}

  public func supports(_ node: TacticNode) -> Support {
    guard OneDNNLibrary.shared != nil else { return .no("oneDNN was not found") }
    if let reason = node.typeRefusal { return .no(reason) }
    if node.dtype == .bf16, !CPURuntime.hasFastBF16 { return .no("no fast BF16 products here") }
    guard let weight = node.constant(1), weight.rank == 2, weight.elementCount > 0 else {
      return .no("the second matrix is computed at run time")
    }
    guard product(node) != nil else { return .no("the addend is no row and no whole matrix") }
    return .yes([.all(.rowMajor, node)])
  }

  /// The product with what is added to it.
  private func product(_ node: TacticNode) -> MatrixProduct? {
    switch node.op {
    case let op as Linear: MatrixProduct(op, node)
    case let op as Gemm: MatrixProduct(op, node)
    default: node.dtype.map { MatrixProduct(MatMulKernel.Parameters(type: $0)) }
    }
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    guard let product = product(node), let weight = node.constant(1), let shape = node.input(0)?.shape else {
      throw node.mismatch(self)
    }
    let (parameters, packed) = try product.parameters.oneDNN(
      weight, input: packingShape(shape), threads: ThreadPool.processorCount)
    let references = [constants.add(packed)] + (product.bias.map { [constants.add($0)] } ?? [])
    return BuiltKernel(
      try OneDNNMatMulKernel.record(parameters, tactic: name, constants: references),
      absorbedInputs: product.absorbed.union([1]),
      inPlace: product.parameters.residual.map { [[0, $0]] } ?? [])
  }
}
