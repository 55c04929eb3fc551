public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// Group and instance normalization on channels-last tensors, with constant scale and shift.
public struct GroupNormalizationNHWC: Tactic {
  public let name = "cpu.group-norm.nhwc"
  public var operators: [any Operator.Type] { [GroupNormalization.self, InstanceNormalization.self] }

  public init() {}

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.typeRefusal { return .no(reason) }
    guard node.constant(1) != nil, node.constant(2) != nil else {
      return .no("scale or shift are computed at run time")
    }
    guard node.input(0)?.shape?.dropFirst().first?.value != nil else {
      return .no("the number of channels is a symbol")
    }
    return .yes([node.signature([0: .channelsLast], outputs: .channelsLast)])
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    guard let channels = node.input(0)?.shape?[1].value, let scale = node.constant(1),
      let shift = node.constant(2)
    else { throw node.mismatch(self) }
    let parameters: GroupNormKernel.Parameters
    switch node.op {
    case let op as GroupNormalization: parameters = .init(groups: op.groups, epsilon: op.epsilon)
    case let op as InstanceNormalization: parameters = .init(groups: channels, epsilon: op.epsilon)
    default: throw node.mismatch(self)
    }
    let references = [scale, shift].map { tensor in
      let values = tensor.floats()
      let each = channels / max(values.count, 1)
      return constants.add(Tensor((0..<channels).map { values[$0 / max(each, 1)] }, shape: [channels]))
    }
    return BuiltKernel(
      try GroupNormKernel.record(parameters, tactic: name, constants: references), absorbedInputs: [1, 2])
  }
}
