public import ApusCore
import ApusCPU
import ApusEngine
import ApusOperators
import ApusTactics

/// ArgMax and ArgMin along one axis.
public struct ArgExtremeLines: RowMajorTactic {
  public let name = "cpu.argextreme"
  public var operators: [any Operator.Type] { [ArgMax.self, ArgMin.self] }

  public init() {}

  func refusal(_ node: TacticNode) -> String? {
    node.refusal(unless: node.dtype.map(TopKKernel.takes) ?? false)
  }

  func record(_ node: TacticNode) throws -> KernelRecord {
    let parameters: ArgExtremeKernel.Parameters
    switch node.op {
    case let op as ArgMax: parameters = .init(axis: op.axis, largest: true, last: op.selectLastIndex)
    case let op as ArgMin: parameters = .init(axis: op.axis, largest: false, last: op.selectLastIndex)
    default: throw node.mismatch(self)
    }
    return try ArgExtremeKernel.record(parameters, tactic: name)
  }
}
