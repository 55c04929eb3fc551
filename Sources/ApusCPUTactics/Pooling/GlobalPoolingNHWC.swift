public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// Mean or maximum of all pixels of a channels-last tensor; also ReduceMean and ReduceMax over the spatial axes.
public struct GlobalPoolingNHWC: Tactic {
  public let name = "cpu.pooling.global"
  public var operators: [any Operator.Type] {
    [GlobalAveragePool.self, GlobalMaxPool.self, ReduceMean.self, ReduceMax.self]
  }

  public init() {}

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.typeRefusal { return .no(reason) }
    guard let rank = node.input(0)?.rank, (3...5).contains(rank) else { return .no("rank of the input") }
    if node.op is ReduceMean || node.op is ReduceMax {
      guard let axes = node.integers(1), Set(axes.map { $0 < 0 ? $0 + rank : $0 }) == Set(2..<rank) else {
        return .no("reduces other axes than the spatial ones")
      }
    }
    return .yes([node.signature([0: .channelsLast], outputs: .channelsLast)])
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    let maximum = node.op is GlobalMaxPool || node.op is ReduceMax
    return BuiltKernel(
      try PoolingKernel.record(.init(globalMaximum: maximum), tactic: name), absorbedInputs: [1])
  }
}
