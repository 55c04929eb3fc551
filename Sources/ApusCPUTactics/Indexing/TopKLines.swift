public import ApusCore
import ApusCPU
import ApusEngine
import ApusOperators
import ApusTactics

/// Selection of the largest or smallest of each line.
public struct TopKLines: RowMajorTactic {
  public let name = "cpu.topk"
  public var operators: [any Operator.Type] { [TopK.self] }

  public init() {}

  func refusal(_ node: TacticNode) -> String? {
    node.refusal(unless: node.dtype.map(TopKKernel.takes) ?? false)
  }

  func record(_ node: TacticNode) throws -> KernelRecord {
    guard let op = node.op as? TopK else { throw node.mismatch(self) }
    return try TopKKernel.record(.init(op: op), tactic: name)
  }
}
