public import ApusCore
import ApusCPU
import ApusEngine
import ApusOperators
import ApusTactics

/// Slices chosen by tuples of indices.
public struct GatherNDSlices: RowMajorTactic {
  public let name = "cpu.gather.nd"
  public var operators: [any Operator.Type] { [GatherND.self] }

  public init() {}

  func refusal(_ node: TacticNode) -> String? { node.bytesRefusal() ?? node.indexRefusal(1) }

  func record(_ node: TacticNode) throws -> KernelRecord {
    guard let op = node.op as? GatherND else { throw node.mismatch(self) }
    return try GatherNDKernel.record(.init(op: op), tactic: name)
  }
}
