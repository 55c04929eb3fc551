public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// Softmax and its logarithm; along the channels also of channels-last tensors.
public struct SoftmaxLines: Tactic {
  public let name = "cpu.softmax"
  public var operators: [any Operator.Type] { [LogSoftmax.self, Softmax.self] }

  public init() {}

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.typeRefusal { return .no(reason) }
    guard let rank = node.input(0)?.rank else { return .no("the input's rank is unknown") }
    let (axis, flattened) = attributes(node)
    let alongChannels = rank > 2 && !flattened && (axis == 1 || axis == 1 - rank)
    return .yes((alongChannels ? [.channelsLast, .rowMajor] : [.rowMajor]).map { .all($0, node) })
  }

  private func attributes(_ node: TacticNode) -> (axis: Int, flattened: Bool) {
    switch node.op {
    case let op as Softmax: (op.axis, op.flattened)
    case let op as LogSoftmax: (op.axis, op.flattened)
    default: (-1, false)
    }
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    var softmax = Softmax()
    (softmax.axis, softmax.flattened) = attributes(node)
    return BuiltKernel(
      try SoftmaxKernel.record(.init(softmax: softmax, logarithm: node.op is LogSoftmax), tactic: name),
      inPlace: [[0, 0]])
  }
}
