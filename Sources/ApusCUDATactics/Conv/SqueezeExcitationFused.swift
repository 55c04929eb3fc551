import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// The gate of a squeeze-and-excitation layer: sums of the channels, by the depthwise convolution before it where there
/// is one, then both small products in one kernel.
public struct SqueezeExcitationFused: CUDATactic {
  public let name = "cuda.squeeze-excite"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [SqueezeExcitation.self, ConvSqueezeExcitation.self] }

  public func supports(_ node: TacticNode) -> Support {
    guard let dtype = node.dtype, KernelElement(dtype) != nil else { return .no("element type") }
    let first = weights(node.op)
    for index in first..<first + 4 where node.isPresent(index) && node.constant(index) == nil {
      return .no("weights are computed at run time")
    }
    if node.op is ConvSqueezeExcitation, let reason = node.convolutionRefusal { return .no(reason) }
    guard let reduce = node.constant(first), node.constant(first + 2) != nil,
      blocks(channels: reduce.shape[1], hidden: reduce.shape[0], bytes: dtype.bitWidth / 8) != nil
    else { return .no("the weights do not fit into shared memory") }
    var inputs = [Layout?](repeating: nil, count: node.inputs.count)
    inputs[0] = .channelsLast
    return .yes([
      LayoutSignature(
        inputs: inputs, outputs: node.op is ConvSqueezeExcitation ? [.channelsLast, .rowMajor] : [.rowMajor])
    ])
  }

  /// Position of the layer's first weight.
  private func weights(_ op: any Operator) -> Int { op is ConvSqueezeExcitation ? 4 : 1 }

  func absorbed(_ node: TacticNode) -> Set<Int> { Set(1..<max(2, node.inputs.count)) }

  /// Blocks that share an image; nil where the weights fit into no number of them.
  private func blocks(channels: Int, hidden: Int, bytes: Int) -> Int? {
    let counts = channels <= 240 ? [1, 4, 8] : [8]
    return (context.properties.hasClusters ? counts : [1]).first { blocks in
      let slice = ((channels + blocks - 1) / blocks + 7) / 8 * 8
      let shared = ((hidden + blocks - 1) / blocks * channels + hidden * slice) * bytes + 16
      return shared + channels * 4 + hidden * 4 + 8192 < context.properties.sharedBytesPerBlock
    }
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    let input = try node.input(0)
    guard let element = KernelElement(input.dtype) else { throw node.refusal("element type") }
    if let op = node.op as? ConvSqueezeExcitation, let weight = node.constant(1) {
      // Written whether or not it is read.
      _ = try node.output(1)
      var depthwise = try DepthwiseKernel(op.conv, node, weight)
      depthwise.writesSums = true
      let packed = packedDepthwise(weight, bias: node.constant(2), element, context)
      var operands: [String: CUDAProgram.Operand] = [
        "input": .input(0), "output": .output(0), "sums": .temporary(0), "weights": .packed(0),
      ]
      if packed.count > 1 { operands["bias"] = .packed(1) }
      let sums = Sums(
        images: depthwise.images, parts: depthwise.parts, pixels: depthwise.result[0] * depthwise.result[1],
        launch: CUDAProgram.Launch(spec: depthwise.spec(), operands: operands), packed: packed)
      return [try program(node, op.layer, element, sums, gate: 1)]
    }
    guard let layer = node.op as? SqueezeExcitation else { throw node.missing("a layer") }
    var mean = GlobalPoolKernel(
      element: element, isMax: false, images: input.shape[0], pixels: input.shape[2...].reduce(1, *),
      channels: input.shape[1])
    mean.output = .f32
    let sums = Sums(
      images: input.shape[0], parts: 1, pixels: 1,
      launch: CUDAProgram.Launch(spec: mean.spec(), operands: ["input": .input(0), "output": .temporary(0)]),
      packed: [])
    return [try program(node, layer, element, sums, gate: 0)]
  }

  /// How the sums of the channels come about: in `parts` an image, over `pixels` pixels.
  private struct Sums {
    var images: Int
    var parts: Int
    var pixels: Int
    var launch: CUDAProgram.Launch
    var packed: [Tensor]
  }

  private func program(
    _ node: ConcreteNode, _ layer: SqueezeExcitation, _ element: KernelElement, _ sums: Sums, gate: Int
  ) throws -> CUDAProgram {
    let at = weights(node.op)
    guard let reduce = node.constant(at), let expand = node.constant(at + 2) else {
      throw node.missing("weights")
    }
    let (hidden, channels) = (reduce.shape[0], reduce.shape[1])
    guard let blocks = blocks(channels: channels, hidden: hidden, bytes: element.byteCount) else {
      throw node.refusal("the weights do not fit into shared memory")
    }
    var kernel = SqueezeExciteKernel(
      element: element, images: sums.images, channels: channels, hidden: hidden, parts: sums.parts,
      pixels: sums.pixels, activation: KernelActivation(layer.inner),
      gateActivation: KernelActivation(layer.outer), blocks: blocks)
    kernel.gate = .f32
    let next = sums.packed.count
    let tensors = [
      context.packed(reduce, as: "rows \(element.name)") {
        reduce.gathered(element.dtype, [hidden, channels]) { $0 }
      },
      bias(node.constant(at + 1), hidden),
      context.packed(expand, as: "columns \(element.name)") {
        expand.gathered(element.dtype, [hidden, channels]) { $0 % channels * hidden + $0 / channels }
      },
      bias(node.constant(at + 3), channels),
    ]
    let operands: [String: CUDAProgram.Operand] = [
      "sums": .temporary(0), "reduce": .packed(next), "reduceBias": .packed(next + 1),
      "expand": .packed(next + 2), "expandBias": .packed(next + 3), "gate": .output(gate),
    ]
    return CUDAProgram(
      "squeeze and excite", [sums.launch, CUDAProgram.Launch(spec: kernel.spec(), operands: operands)],
      packed: sums.packed + tensors, temporaryBytes: sums.images * sums.parts * channels * 4)
  }

  private func bias(_ tensor: Tensor?, _ count: Int) -> Tensor {
    guard let tensor else { return Tensor([Float](repeating: 0, count: count), shape: [count]) }
    return context.packed(tensor, as: "f32") { tensor.inFloat32() }
  }
}
