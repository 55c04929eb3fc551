import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Convolution whose windows lie side by side, as vision transformers embed patches: the picture's planes are moved into
/// one row a patch, which the weights multiply as they are. For channels that the implicit product cannot take.
public struct ConvPatches: CUDATactic {
  public let name = "cuda.conv.patches"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [Conv.self] }

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.convolutionRefusal { return .no(reason) }
    guard let conv = node.op as? Conv, let weight = node.constant(1) else { return .no("no convolution") }
    let kernel = Array(weight.shape[2...])
    guard kernel.contains(where: { $0 > 1 }), conv.strides == kernel else {
      return .no("the strides are not the kernel's extents")
    }
    guard conv.group == 1, [.notSet, .valid].contains(conv.autoPad), conv.pads.allSatisfy({ $0 == 0 }),
      conv.dilations.allSatisfy({ $0 == 1 })
    else { return .no("groups, padding or dilation") }
    guard weight.shape[1] % 8 != 0, weight.shape[1...].reduce(1, *) % 8 == 0 else {
      return .no("channels are a multiple of 8, or elements of a patch are none")
    }
    for (size, extent) in zip(node.input(0)?.shape?.dropFirst(2) ?? [], kernel) {
      guard size.value.map({ $0 % extent == 0 }) ?? true else { return .no("patches leave a rest") }
    }
    let residual: Layout? = node.isPresent(3) ? .channelsLast : nil
    return .yes([
      LayoutSignature(
        inputs: Array([.rowMajor, nil, nil, residual].prefix(node.inputs.count)), outputs: [.channelsLast])
    ])
  }

  func absorbed(_ node: TacticNode) -> Set<Int> { [1, 2] }
  func inPlace(_ node: TacticNode) -> [[Int]] { [[0, 3]] }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let conv = node.op as? Conv, let weight = node.constant(1) else { throw node.missing("weights") }
    let input = try node.input(0)
    guard let element = KernelElement(input.dtype) else { throw node.refusal("element type") }
    let geometry = try ConvGeometry(conv, input: input, weight: weight)
    guard zip(geometry.input, zip(geometry.result, geometry.kernel)).allSatisfy({ $0 == $1.0 * $1.1 }) else {
      throw node.refusal("patches leave a rest")
    }
    let move = try rows(geometry, element, node)
    let reduction = weight.shape[1...].reduce(1, *)
    let rows = context.packed(weight, as: "patches \(element.name)") {
      weight.converted(to: element.dtype).reshaped([weight.shape[0], reduction])
    }
    return node.productPrograms(
      rows, element, conv.activation, context, residual: node.isPresent(3) ? 3 : nil,
      extra: ["input": .temporary(0)]
    ) { math in
      .product(
        math: math, output: element, rows: geometry.images * geometry.result.reduce(1, *),
        columns: geometry.outChannels, reduction: reduction)
    }.map { program in
      var program = program
      program.launches.insert(move, at: 0)
      program.temporaryBytes = input.elementCount * element.byteCount
      return program
    }
  }

  /// Moves `[n, c, h, w]` to `[n, patch rows, patch columns, c, rows of a patch, columns of a patch]`.
  private func rows(_ geometry: ConvGeometry, _ element: KernelElement, _ node: ConcreteNode) throws
    -> CUDAProgram.Launch
  {
    let (height, width, channels) = (geometry.input[0], geometry.input[1], geometry.inChannels)
    let (patch, count) = (geometry.kernel, geometry.result)
    let each = channels * patch[0] * patch[1]
    let kernel = PermuteKernel(
      moving: [
        (geometry.images, channels * height * width, channels * height * width),
        (count[0], patch[0] * width, count[1] * each), (count[1], patch[1], each),
        (channels, height * width, patch[0] * patch[1]), (patch[0], width, patch[1]), (patch[1], 1, 1),
      ], elementBytes: element.byteCount)
    if let reason = kernel.refusal { throw node.refusal(reason) }
    return CUDAProgram.Launch(spec: kernel.spec(), operands: ["input": .input(0), "output": .temporary(0)])
  }
}
