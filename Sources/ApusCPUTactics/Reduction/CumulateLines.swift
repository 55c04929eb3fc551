public import ApusCore
import ApusCPU
import ApusEngine
import ApusOperators
import ApusTactics

/// Running sums and products along one axis.
public struct CumulateLines: RowMajorTactic {
  public let name = "cpu.cumulate"
  public var operators: [any Operator.Type] { [CumProd.self, CumSum.self] }

  public init() {}

  func refusal(_ node: TacticNode) -> String? {
    node.refusal(unless: node.dtype.map(CumulateKernel.takes) ?? false) ?? node.indexRefusal(1)
  }

  func record(_ node: TacticNode) throws -> KernelRecord {
    let parameters: CumulateKernel.Parameters
    switch node.op {
    case let op as CumSum: parameters = .init(product: false, exclusive: op.exclusive, reverse: op.reverse)
    case let op as CumProd: parameters = .init(product: true, exclusive: op.exclusive, reverse: op.reverse)
    default: throw node.mismatch(self)
    }
    return try CumulateKernel.record(parameters, tactic: name)
  }
}
