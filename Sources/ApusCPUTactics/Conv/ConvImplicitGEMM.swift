public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// Convolution with our own kernels: implicit matrix products on channels-last tensors; a picture of few channels is
/// read as it comes.
public struct ConvImplicitGEMM: Tactic {
  private let parts: BF16Parts
  public var name: String { parts.name.map { "cpu.conv.\($0)" } ?? "cpu.conv.implicit-gemm" }
  public var operators: [any Operator.Type] { [Conv.self] }

  public init() { parts = .none }

  /// FP32 products of BF16 parts.
  init(parts: BF16Parts) { self.parts = parts }

  public func supports(_ node: TacticNode) -> Support {
    guard let input = node.input(0), let rank = input.rank else { return .no("the input's rank is unknown") }
    guard input.dtype == .f32 || input.dtype == .bf16 else {
      return .no("element type \(input.dtype.rawValue)")
    }
    guard (3...5).contains(rank) else { return .no("\(rank - 2) spatial axes") }
    guard let weight = node.constant(1) else { return .no("the weights are computed at run time") }
    guard !node.isPresent(2) || node.constant(2) != nil else {
      return .no("the bias is computed at run time")
    }
    guard weight.elementCount > 0 else { return .no("no weights") }
    if let reason = parts.refusal(node) { return .no(reason) }
    let residual: Layout? = node.isPresent(3) ? .channelsLast : nil
    let channelsLast = LayoutSignature(inputs: [.channelsLast, nil, nil, residual], outputs: [.channelsLast])
    let picture = LayoutSignature(inputs: [.rowMajor, nil, nil, residual], outputs: [.channelsLast])
    let few = weight.shape[1] <= 4 && (node.op as? Conv)?.group == 1
    return .yes(
      (few ? [picture, channelsLast] : [channelsLast]).map {
        LayoutSignature(inputs: Array($0.inputs.prefix(node.inputs.count)), outputs: $0.outputs)
      })
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    guard let conv = node.op as? Conv, let weight = node.constant(1), let type = node.dtype else {
      throw ApusError(.internal, Problem(.internalError, "\(name) was given another node", node: node.name))
    }
    let parameters = ConvKernel.Parameters(
      conv: conv, weightShape: weight.shape, type: type, hasBias: node.constant(2) != nil,
      parts: parts)
    if parts != .none { _ = try parts.checked(weight.inFloat32(), node) }
    var references = [constants.add(try parameters.pack(weight.floats()))]
    if let bias = node.constant(2) {
      references.append(constants.add(bias.inFloat32()))
    }
    return BuiltKernel(
      try ConvKernel.record(parameters, tactic: name, constants: references), absorbedInputs: [1, 2],
      inPlace: [[0, 3]])
  }
}
