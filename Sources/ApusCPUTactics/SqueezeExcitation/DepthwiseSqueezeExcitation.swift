public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// Depthwise convolution that sums up its result for the squeeze-and-excitation layer behind it.
public struct DepthwiseSqueezeExcitation: Tactic {
  public let name = "cpu.conv.depthwise-squeeze-excitation"
  public var operators: [any Operator.Type] { [ConvSqueezeExcitation.self] }

  public init() {}

  public func supports(_ node: TacticNode) -> Support {
    guard let op = node.op as? ConvSqueezeExcitation else { return .no("another operator") }
    if let reason = node.depthwiseRefusal(op.conv) ?? node.layerRefusal(weightsAt: 4) { return .no(reason) }
    guard !node.isPresent(3) else { return .no("a residual") }
    return .yes([node.signature([0: .channelsLast], outputs: .channelsLast)])
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    guard let op = node.op as? ConvSqueezeExcitation, let weight = node.constant(1) else {
      throw node.mismatch(self)
    }
    let bias = node.constant(2)
    let conv = DepthwiseConvKernel.Parameters(
      conv: op.conv, weightShape: weight.shape, hasBias: bias != nil)
    var references = [constants.add(conv.pack(weight.floats()))]
    if let bias { references.append(constants.add(bias.inFloat32())) }
    guard let (layer, packed) = node.packedLayer(op.layer, weightsAt: 4, constants) else {
      throw node.mismatch(self)
    }
    return BuiltKernel(
      try DepthwiseSqueezeExcitationKernel.record(
        .init(conv: conv, layer: layer), tactic: name, constants: references + [packed]),
      absorbedInputs: [1, 2, 4, 5, 6, 7])
  }
}
