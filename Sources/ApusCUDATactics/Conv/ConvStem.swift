import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// The first convolution of a network, straight from a picture of up to four channels, as its planes come.
public struct ConvStem: CUDATactic {
  public let name = "cuda.conv.stem"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [Conv.self] }

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.convolutionRefusal { return .no(reason) }
    guard let conv = node.op as? Conv, let weight = node.constant(1), weight.rank == 4 else {
      return .no("no picture")
    }
    guard node.dtype == .f16 || node.dtype == .bf16 else { return .no("no halves") }
    guard conv.group == 1, weight.shape[1] <= 4 else { return .no("more than four channels") }
    guard !node.isPresent(3) else { return .no("a residual") }
    guard Set(conv.strides).count <= 1, conv.dilations.allSatisfy({ $0 == 1 }) else {
      return .no("strides differ, or dilation")
    }
    guard weight.shape[2] <= 7, weight.shape[3] <= 8 else { return .no("a large window") }
    return .yes([
      LayoutSignature(
        inputs: Array([.rowMajor, nil, nil].prefix(node.inputs.count)), outputs: [.channelsLast])
    ])
  }

  func absorbed(_ node: TacticNode) -> Set<Int> { [1, 2] }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let conv = node.op as? Conv, let weight = node.constant(1) else { throw node.missing("weights") }
    let input = try node.input(0)
    guard let element = KernelElement(input.dtype) else { throw node.refusal("element type") }
    let geometry = try ConvGeometry(conv, input: input, weight: weight)
    let kernel = StemKernel(
      picture: element, element: element, images: geometry.images,
      input: geometry.input + [geometry.inChannels],
      isPlanar: true, result: geometry.result + [geometry.outChannels], kernel: geometry.kernel,
      stride: geometry.strides[0], pads: Array(geometry.pads.prefix(2)), hasBias: node.constant(2) != nil,
      activation: KernelActivation(conv.activation))
    guard kernel.spec().geometry.sharedBytes < context.properties.sharedBytesPerBlock else {
      throw node.refusal("the window does not fit into shared memory")
    }
    let packed = [pack(weight, kernel, element)] + context.packedBias(node.constant(2))
    var operands: [String: CUDAProgram.Operand] = [
      "input": .input(0), "output": .output(0), "weights": .packed(0),
    ]
    if packed.count > 1 { operands["bias"] = .packed(1) }
    return [CUDAProgram("stem", kernel.spec(), operands, packed: packed)]
  }

  private func pack(_ weight: Tensor, _ kernel: StemKernel, _ element: KernelElement) -> Tensor {
    context.packed(weight, as: "stem \(element.name)") {
      let (channels, height, width) = (weight.shape[1], weight.shape[2], weight.shape[3])
      let reduction = kernel.packedReduction
      return weight.gathered(element.dtype, [weight.shape[0], reduction]) { place in
        let (output, rest) = (place / reduction, place % reduction)
        let (pixel, channel) = (rest / 4, rest % 4)
        let (row, column) = (pixel / kernel.packedWidth, pixel % kernel.packedWidth)
        guard channel < channels, row < height, column < width else { return nil }
        return ((output * channels + channel) * height + row) * width + column
      }
    }
  }
}
