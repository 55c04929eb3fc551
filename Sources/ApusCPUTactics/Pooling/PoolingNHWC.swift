public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// Pooling with windows, on channels-last tensors.
public struct PoolingNHWC: Tactic {
  public let name = "cpu.pooling.nhwc"
  public var operators: [any Operator.Type] { [AveragePool.self, MaxPool.self] }

  public init() {}

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.typeRefusal { return .no(reason) }
    guard let rank = node.input(0)?.rank, (3...5).contains(rank) else { return .no("rank of the input") }
    if node.outputs.dropFirst().contains(where: { $0 != nil }) { return .no("indices are wanted") }
    return .yes([LayoutSignature.all(.channelsLast, node)])
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    let parameters: PoolingKernel.Parameters
    switch node.op {
    case let pool as MaxPool: parameters = .init(pool)
    case let pool as AveragePool: parameters = .init(pool)
    default: throw node.mismatch(self)
    }
    return BuiltKernel(try PoolingKernel.record(parameters, tactic: name))
  }
}
