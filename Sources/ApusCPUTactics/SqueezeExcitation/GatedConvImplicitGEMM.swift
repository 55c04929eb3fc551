public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// Convolution of a gated channels-last tensor: the gate goes into the weights or the input, whichever is smaller.
public struct GatedConvImplicitGEMM: Tactic {
  private let parts: BF16Parts
  public var name: String { parts.name.map { "cpu.conv.gated-\($0)" } ?? "cpu.conv.gated-implicit-gemm" }
  public var operators: [any Operator.Type] { [GatedConv.self] }

  public init() { parts = .none }

  /// FP32 products of BF16 parts.
  init(parts: BF16Parts) { self.parts = parts }

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.typeRefusal ?? node.packingRefusal(2, "bias") { return .no(reason) }
    if let reason = parts.refusal(node) { return .no(reason) }
    guard let weight = node.constant(1) else { return .no("the weights are computed at run time") }
    guard (3...5).contains(weight.rank), weight.elementCount > 0 else { return .no("rank of the weights") }
    return .yes([
      node.signature([0: .channelsLast, 3: .channelsLast, 4: .channelsLast], outputs: .channelsLast)
    ])
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    guard let op = node.op as? GatedConv, let weight = node.constant(1), let type = node.dtype else {
      throw node.mismatch(self)
    }
    let bias = node.constant(2)
    let parameters = ConvKernel.Parameters(
      conv: op.conv, weightShape: weight.shape, type: type, hasBias: bias != nil, isGated: true,
      parts: parts)
    if parts != .none { _ = try parts.checked(weight.inFloat32(), node) }
    var references = [constants.add(try parameters.pack(weight.floats()))]
    if let bias { references.append(constants.add(bias.inFloat32())) }
    return BuiltKernel(
      try ConvKernel.record(parameters, tactic: name, constants: references), absorbedInputs: [1, 2],
      inPlace: [[0, 3]])
  }
}
