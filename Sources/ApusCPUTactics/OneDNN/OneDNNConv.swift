public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// Convolution by oneDNN, on channels-last tensors.
public struct OneDNNConv: Tactic {
  public let name = "cpu.onednn.conv"
  public var operators: [any Operator.Type] { [Conv.self] }

  public init() {}

  public func supports(_ node: TacticNode) -> Support {
    guard OneDNNLibrary.shared != nil else { return .no("oneDNN was not found") }
    if let reason = node.typeRefusal ?? node.packingRefusal(2, "bias") { return .no(reason) }
    if node.dtype == .bf16, !CPURuntime.hasFastBF16 { return .no("no fast BF16 products here") }
    guard let weight = node.constant(1) else { return .no("the weights are computed at run time") }
    guard (3...5).contains(weight.rank), weight.elementCount > 0 else { return .no("rank of the weights") }
    return .yes([node.signature([0: .channelsLast, 3: .channelsLast], outputs: .channelsLast)])
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    guard let conv = node.op as? Conv, let weight = node.constant(1), let type = node.dtype,
      let shape = node.input(0)?.shape
    else { throw node.mismatch(self) }
    let own = ConvKernel.Parameters(
      conv: conv, weightShape: weight.shape, type: type, hasBias: node.constant(2) != nil)
    let (parameters, packed) = try own.oneDNN(
      weight, input: packingShape(shape), threads: ThreadPool.processorCount)
    var references = [constants.add(packed)]
    if let bias = node.constant(2) { references.append(constants.add(bias.inFloat32())) }
    return BuiltKernel(
      try OneDNNConvKernel.record(parameters, tactic: name, constants: references), absorbedInputs: [1, 2],
      inPlace: [[0, 3]])
  }
}

/// A shape to choose packed placements for; sessions pack anew where another shape asks for another placement.
func packingShape(_ shape: Shape) -> [Int] {
  shape.enumerated().map { axis, size in size.value ?? (axis == 0 ? 1 : 64) }
}
