public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// 3x3 convolution of stride 1 in FP32 by Winograd's F(2x2, 3x3): fewer products, more traffic, so that measuring decides.
public struct ConvWinograd: Tactic {
  public let name = "cpu.conv.winograd"
  public var operators: [any Operator.Type] { [Conv.self] }

  public init() {}

  public func supports(_ node: TacticNode) -> Support {
    guard let op = node.op as? Conv, let input = node.input(0) else { return .no("no convolution") }
    guard input.dtype == .f32 else { return .no("element type \(input.dtype.rawValue)") }
    guard let weight = node.constant(1) else { return .no("the weights are computed at run time") }
    guard !node.isPresent(2) || node.constant(2) != nil else {
      return .no("the bias is computed at run time")
    }
    guard weight.shape.count == 4, weight.shape[2...] == [3, 3], op.group == 1 else {
      return .no("the window is not 3x3")
    }
    guard op.strides.allSatisfy({ $0 == 1 }), op.dilations.allSatisfy({ $0 == 1 }) else {
      return .no("strides or dilations")
    }
    guard weight.shape[0] % 16 == 0, weight.shape[1] % 16 == 0, weight.elementCount > 0 else {
      return .no("channels are no multiples of 16")
    }
    let inputs: [Layout?] = [.channelsLast, nil, nil, node.isPresent(3) ? .channelsLast : nil]
    return .yes([
      LayoutSignature(inputs: Array(inputs.prefix(node.inputs.count)), outputs: [.channelsLast])
    ])
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    guard let conv = node.op as? Conv, let weight = node.constant(1) else {
      throw ApusError(.internal, Problem(.internalError, "\(name) was given another node", node: node.name))
    }
    let parameters = WinogradConvKernel.Parameters(
      conv: conv, weightShape: weight.shape, hasBias: node.constant(2) != nil)
    var references = [constants.add(try parameters.pack(weight.floats()))]
    if let bias = node.constant(2) { references.append(constants.add(bias.inFloat32())) }
    return BuiltKernel(
      try WinogradConvKernel.record(parameters, tactic: name, constants: references),
      absorbedInputs: [1, 2], inPlace: [[0, 3]])
  }
}
