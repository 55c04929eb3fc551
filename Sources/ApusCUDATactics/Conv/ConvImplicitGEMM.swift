import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Convolution of one or two axes as implicit matrix product in NHWC, with bias, activation and residual fused.
public struct ConvImplicitGEMM: CUDATactic {
  public let name = "cuda.conv.implicit-gemm"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [Conv.self, GatedConv.self] }

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.convolutionRefusal { return .no(reason) }
    if let gated = node.op as? GatedConv, let reason = gateRefusal(gated.conv, node) { return .no(reason) }
    let residual: Layout? = node.isPresent(3) ? .channelsLast : nil
    let inputs: [Layout?] = [.channelsLast, nil, nil, residual, .rowMajor]
    return .yes([
      LayoutSignature(inputs: Array(inputs.prefix(node.inputs.count)), outputs: [.channelsLast])
    ])
  }

  /// Gates multiply the input of products of channels only.
  private func gateRefusal(_ conv: Conv, _ node: TacticNode) -> String? {
    guard conv.group == 1, conv.strides.allSatisfy({ $0 == 1 }), conv.pads.allSatisfy({ $0 == 0 }),
      node.constant(1)?.shape[2...].allSatisfy({ $0 == 1 }) ?? false
    else { return "a gate before a convolution of several pixels" }
    return (node.constant(1)?.shape[1] ?? 1) % 8 == 0 ? nil : "channels are no multiple of 8"
  }

  func absorbed(_ node: TacticNode) -> Set<Int> { [1, 2] }
  func inPlace(_ node: TacticNode) -> [[Int]] { [[0, 3]] }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let conv = node.op as? Conv ?? (node.op as? GatedConv)?.conv, let weight = node.constant(1) else {
      throw node.missing("weights")
    }
    let gate: [String: CUDAProgram.Operand] = node.op is GatedConv ? ["gate": .input(GatedConv.gate)] : [:]
    let input = try node.input(0)
    guard let element = KernelElement(input.dtype) else { throw node.refusal("element type") }
    let geometry = try ConvGeometry(conv, input: input, weight: weight)
    return node.productPrograms(
      packedWeights(weight, element, context), element, conv.activation, context,
      residual: node.isPresent(3) ? 3 : nil, extra: gate
    ) { math in
      var problem = ConvolutionProblem(geometry, math: math, output: element)
      problem.gated = node.op is GatedConv
      problem.gateElement = .f32
      return problem
    }
  }
}

extension ConcreteNode {
  /// Programs of all ways to multiply by packed weights, the most promising first. The node's bias (input 2), the input
  /// `residual` and the activation are fused with what `problem` describes.
  func productPrograms(
    _ weights: Tensor, _ element: KernelElement, _ activation: Activation, _ context: CUDAContext,
    residual: Int? = nil, extra: [String: CUDAProgram.Operand] = [:],
    problem: (ConvolutionProblem.Math) -> ConvolutionProblem
  ) -> [CUDAProgram] {
    let packed = [weights] + context.packedBias(constant(2))
    return context.math(element).flatMap { math in
      var problem = problem(math)
      problem.hasBias = packed.count > 1
      problem.activation = KernelActivation(activation)
      if residual != nil { problem.residual = .beforeActivation }
      return problem.programs(context, packed, residual: residual, extra: extra)
    }.sorted { ($0.expected ?? 0) < ($1.expected ?? 0) }
  }
}

extension CUDAContext {
  /// A bias in FP32, if there is one.
  func packedBias(_ bias: Tensor?) -> [Tensor] {
    bias.map { bias in [packed(bias, as: "f32") { bias.inFloat32() }] } ?? []
  }
}

extension TacticNode {
  /// Why our convolution kernels cannot take a node.
  var convolutionRefusal: String? {
    guard let dtype, KernelElement(dtype) != nil else {
      return "element type \(dtype?.rawValue ?? "unknown")"
    }
    guard let weight = constant(1) else { return "the weights are computed at run time" }
    guard (3...4).contains(weight.rank) else { return "\(weight.rank - 2) spatial axes" }
    guard !isPresent(2) || constant(2) != nil else { return "the bias is computed at run time" }
    return weight.elementCount > 0 ? nil : "no weights"
  }
}

/// Weights [output channels][height][width][input channels].
func packedWeights(_ weight: Tensor, _ element: KernelElement, _ context: CUDAContext) -> Tensor {
  context.packed(weight, as: "conv \(element.name)") {
    weight.converted(to: element.dtype).reordered(to: .channelsLast)
  }
}

extension ConvolutionProblem {
  init(_ geometry: ConvGeometry, math: Math, output: KernelElement) {
    let all = geometry.inChannels * geometry.groups
    let made = geometry.outChannels * geometry.groups
    self.init(
      math: math, output: output, images: geometry.images, input: geometry.input + [geometry.inChannels],
      result: geometry.result + [geometry.outChannels], kernel: geometry.kernel, strides: geometry.strides,
      dilations: geometry.dilations, pads: geometry.pads)
    guard geometry.groups > 1 else { return }
    (inputStride, outputStride, residualStride) = (all, made, made)
    batches = geometry.groups
    batchStrides = [
      geometry.inChannels, geometry.outChannels * reduction, geometry.outChannels,
    ]
  }

  /// The candidates as programs of input 0, packed weights and bias, an optional residual, and output 0.
  func programs(
    _ context: CUDAContext, _ packed: [Tensor], residual: Int? = nil,
    extra: [String: CUDAProgram.Operand] = [:]
  ) -> [CUDAProgram] {
    var operands: [String: CUDAProgram.Operand] = ["input": .input(0), "output": .output(0)]
    if !packed.isEmpty { operands["weights"] = .packed(0) }
    if packed.count > 1 { operands["bias"] = .packed(1) }
    if let residual { operands["residual"] = .input(residual) }
    operands.merge(extra) { _, given in given }
    return candidates(on: context.properties).map { candidate in
      var program = CUDAProgram(
        "\(math.rawValue) \(candidate.label)", candidate.spec, operands, packed: packed)
      if let weights = packed.first, math == .tf32 || candidate.splitsWeights {
        program.packed[0] = .init(made: { context.inTF32(weights, parts: candidate.splitsWeights) })
      }
      program.expected = candidate.microseconds
      program.arithmetic = math.arithmetic
      if math == .tf32 { program.tolerance = 5e-3 }
      return program
    }
  }
}

extension CUDAContext {
  /// Packed weights rounded to TF32, or as two such numbers each (see `tf32Parts`).
  fileprivate func inTF32(_ weights: Tensor, parts: Bool) -> Tensor {
    packed(weights, as: parts ? "tf32 parts" : "tf32") {
      guard parts else { return Tensor(weights.floats().map(roundedToTF32), shape: weights.shape) }
      let numbers = tf32Parts(weights.floats())
      return Tensor(numbers, shape: [numbers.count])
    }
  }
}

extension ConvolutionProblem.Math {
  var arithmetic: Arithmetic {
    switch self {
    case .f16, .bf16: .half
    case .tf32: .tf32
    case .f32x3: .threeTF32
    case .f32: .single
    }
  }
}
