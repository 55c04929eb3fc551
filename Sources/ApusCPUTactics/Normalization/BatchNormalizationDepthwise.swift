public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// Batch normalization with constant statistics, as a depthwise convolution of one element.
public struct BatchNormalizationDepthwise: Tactic {
  public let name = "cpu.batch-norm"
  public var operators: [any Operator.Type] { [BatchNormalization.self] }

  public init() {}

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.typeRefusal { return .no(reason) }
    guard let op = node.op as? BatchNormalization, !op.trainingMode, op.spatial else {
      return .no("statistics of the batch, or of each pixel")
    }
    guard let rank = node.input(0)?.rank, (3...4).contains(rank) else { return .no("rank of the input") }
    guard (1..<5).allSatisfy({ node.constant($0) != nil }) else {
      return .no("parameters computed at run time")
    }
    return .yes([node.signature([0: .channelsLast], outputs: .channelsLast)])
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    let values = (1..<5).compactMap { node.constant($0)?.doubles() }
    guard let op = node.op as? BatchNormalization, values.count == 4, let rank = node.input(0)?.rank else {
      throw node.mismatch(self)
    }
    let factors = zip(values[0], values[3]).map { $0 / ($1 + op.epsilon).squareRoot() }
    let addends = zip(zip(values[1], values[2]), factors).map { Float($0.0 - $0.1 * $1) }
    var conv = Conv()
    conv.group = factors.count
    let shape = [factors.count, 1] + [Int](repeating: 1, count: rank - 2)
    let parameters = DepthwiseConvKernel.Parameters(conv: conv, weightShape: shape, hasBias: true)
    let references = [
      constants.add(parameters.pack(factors.map { Float($0) })), constants.add(Tensor(addends)),
    ]
    return BuiltKernel(
      try DepthwiseConvKernel.record(parameters, tactic: name, constants: references),
      absorbedInputs: [1, 2, 3, 4])
  }
}
