public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// Depthwise convolution with our own kernel, on channels-last tensors.
public struct ConvDepthwise: Tactic {
  public let name = "cpu.conv.depthwise"
  public var operators: [any Operator.Type] { [Conv.self] }

  public init() {}

  public func supports(_ node: TacticNode) -> Support {
    guard let conv = node.op as? Conv else { return .no("another operator") }
    if let reason = node.depthwiseRefusal(conv) { return .no(reason) }
    return .yes([node.signature([0: .channelsLast, 3: .channelsLast], outputs: .channelsLast)])
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    guard let conv = node.op as? Conv, let weight = node.constant(1) else { throw node.mismatch(self) }
    let bias = node.constant(2)
    let parameters = DepthwiseConvKernel.Parameters(
      conv: conv, weightShape: weight.shape, hasBias: bias != nil)
    var references = [constants.add(parameters.pack(weight.floats()))]
    if let bias { references.append(constants.add(bias.inFloat32())) }
    return BuiltKernel(
      try DepthwiseConvKernel.record(parameters, tactic: name, constants: references),
      absorbedInputs: [1, 2], inPlace: [[0, 3]])
  }
}

extension TacticNode {
  /// Why the depthwise kernel cannot run a convolution whose weights are input 1.
  func depthwiseRefusal(_ conv: Conv) -> String? {
    if let reason = typeRefusal ?? packingRefusal(2, "bias") { return reason }
    guard let weight = constant(1) else { return "the weights are computed at run time" }
    guard (3...4).contains(weight.rank) else { return "\(weight.rank - 2) spatial axes" }
    let isDepthwise =
      weight.shape[1] == 1 && weight.shape[0] == conv.group && conv.group > 1 && weight.elementCount > 0
    return isDepthwise ? nil : "not one filter for each channel"
  }
}
