public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// The gate of a squeeze-and-excitation layer from a channels-last tensor.
public struct SqueezeExcitationNHWC: Tactic {
  public let name = "cpu.squeeze-excitation"
  public var operators: [any Operator.Type] { [SqueezeExcitation.self] }

  public init() {}

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.typeRefusal ?? node.layerRefusal(weightsAt: 1) { return .no(reason) }
    guard let rank = node.input(0)?.rank, (3...5).contains(rank) else { return .no("rank of the input") }
    return .yes([node.signature([0: .channelsLast], outputs: .channelsLast)])
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    guard let op = node.op as? SqueezeExcitation,
      let (layer, packed) = node.packedLayer(op, weightsAt: 1, constants)
    else { throw node.mismatch(self) }
    return BuiltKernel(
      try SqueezeExcitationKernel.record(layer, tactic: name, constants: [packed]),
      absorbedInputs: [1, 2, 3, 4])
  }
}
