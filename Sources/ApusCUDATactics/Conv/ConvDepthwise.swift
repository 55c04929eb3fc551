import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Depthwise convolution in NHWC.
public struct ConvDepthwise: CUDATactic {
  public let name = "cuda.conv.depthwise"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [Conv.self] }

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.convolutionRefusal { return .no(reason) }
    guard let conv = node.op as? Conv, let weight = node.constant(1), weight.shape[1] == 1,
      weight.shape[0] == conv.group, conv.group > 1
    else { return .no("not one filter for each channel") }
    if node.isPresent(3) { return .no("a residual") }
    return .yes([
      LayoutSignature(
        inputs: Array([.channelsLast, nil, nil].prefix(node.inputs.count)), outputs: [.channelsLast])
    ])
  }

  func absorbed(_ node: TacticNode) -> Set<Int> { [1, 2] }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let conv = node.op as? Conv, let weight = node.constant(1) else { throw node.missing("weights") }
    let kernel = try DepthwiseKernel(conv, node, weight)
    var operands: [String: CUDAProgram.Operand] = [
      "input": .input(0), "output": .output(0), "weights": .packed(0),
    ]
    let packed = packedDepthwise(weight, bias: node.constant(2), kernel.element, context)
    if packed.count > 1 { operands["bias"] = .packed(1) }
    var program = CUDAProgram("depthwise", kernel.spec(), operands, packed: packed)
    program.arithmetic = .single
    return [program]
  }
}

extension DepthwiseKernel {
  init(_ conv: Conv, _ node: ConcreteNode, _ weight: Tensor) throws {
    let input = try node.input(0)
    guard let element = KernelElement(input.dtype) else { throw node.refusal("element type") }
    let geometry = try ConvGeometry(conv, input: input, weight: weight)
    self.init(
      element: element, images: geometry.images, input: geometry.input, result: geometry.result,
      channels: geometry.groups, kernel: geometry.kernel, strides: geometry.strides,
      dilations: geometry.dilations, pads: Array(geometry.pads.prefix(2)), hasBias: node.constant(2) != nil,
      activation: KernelActivation(conv.activation))
  }
}

/// Weights [height][width][channels] and the bias in FP32.
func packedDepthwise(_ weight: Tensor, bias: Tensor?, _ element: KernelElement, _ context: CUDAContext)
  -> [Tensor]
{
  let packed = context.packed(weight, as: "depthwise \(element.name)") {
    let channels = weight.shape[0]
    let window = weight.shape[2...].reduce(1, *)
    return weight.gathered(element.dtype, [window, channels]) { $0 % channels * window + $0 / channels }
  }
  return [packed] + context.packedBias(bias)
}
