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
    guard let gemm = node.op as? Gemm else { return .no("not a Gemm") }
    if let weight = node.constant(1), weight.elementCount == 0 { return .no("no weights") }
    if node.isPresent(2), addend(node, gemm) == nil { return .no("the addend is no row and no whole matrix") }
    return .yes([LayoutSignature.all(.rowMajor, node)])
  }

  private enum Addend {
    case bias(Tensor)
    case residual
  }

  /// How the third input is added: as a constant row, or as a matrix of the output's size.
  private func addend(_ node: TacticNode, _ gemm: Gemm) -> Addend? {
    guard let output = node.output()?.shape, output.count == 2 else { return nil }
    if let tensor = node.constant(2), let n = output[1].value {
      let rows = tensor.rank == 2 ? tensor.shape[0] : 1
      guard rows == 1, [1, n].contains(tensor.elementCount) else {
        return gemm.beta == 1 && node.input(2)?.shape == output ? .residual : nil
      }
      let values = tensor.doubles().map { Float($0 * gemm.beta) }
      return .bias(Tensor(values.count == n ? values : [Float](repeating: values[0], count: n), shape: [n]))
    }
    return gemm.beta == 1 && node.input(2)?.shape == output ? .residual : nil
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    guard let op = node.op as? Gemm, let type = node.dtype else { throw node.mismatch(self) }
    var parameters = MatMulKernel.Parameters(type: type)
    parameters.transA = op.transA
    parameters.transB = op.transB
    parameters.alpha = op.alpha
    parameters.activation = op.activation
    var references: [ConstantReference] = []
    var absorbed: Set<Int> = []
    if let weight = node.constant(1) {
      references.append(constants.add(parameters.pack(weight.inFloat32())))
      absorbed.insert(1)
    }
    switch addend(node, op) {
    case .bias(let bias):
      references.append(constants.add(bias))
      parameters.hasBias = true
      absorbed.insert(2)
    case .residual: parameters.residual = 2
    case nil: break
    }
    return BuiltKernel(
      try MatMulKernel.record(parameters, tactic: name, constants: references), absorbedInputs: absorbed)
  }
}
