public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// Transposed convolution with our own kernel, on channels-last tensors.
public struct ConvTransposeImplicitGEMM: Tactic {
  public let name = "cpu.conv-transpose.implicit-gemm"
  public var operators: [any Operator.Type] { [ConvTranspose.self] }

  public init() {}

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.typeRefusal ?? node.packingRefusal(2, "bias") { return .no(reason) }
    guard let weight = node.constant(1) else { return .no("the weights are computed at run time") }
    guard (3...5).contains(weight.rank) else { return .no("\(weight.rank - 2) spatial axes") }
    guard weight.elementCount > 0 else { return .no("no weights") }
    return .yes([node.signature([0: .channelsLast], outputs: .channelsLast)])
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    guard let conv = node.op as? ConvTranspose, let weight = node.constant(1), let type = node.dtype else {
      throw node.mismatch(self)
    }
    let bias = node.constant(2)
    let parameters = ConvTransposeKernel.Parameters(
      conv: conv, weightShape: weight.shape, type: type, hasBias: bias != nil)
    var references = [constants.add(try parameters.pack(weight.floats()))]
    if let bias { references.append(constants.add(bias.inFloat32())) }
    return BuiltKernel(
      try ConvTransposeKernel.record(parameters, tactic: name, constants: references), absorbedInputs: [1, 2])
  }
}
