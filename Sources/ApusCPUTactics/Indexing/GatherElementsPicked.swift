public import ApusCore
import ApusCPU
import ApusEngine
import ApusOperators
import ApusTactics

/// Single elements chosen along one axis.
public struct GatherElementsPicked: RowMajorTactic {
  public let name = "cpu.gather.elements"
  public var operators: [any Operator.Type] { [GatherElements.self] }

  public init() {}

  func refusal(_ node: TacticNode) -> String? { node.bytesRefusal() ?? node.indexRefusal(1) }

  func record(_ node: TacticNode) throws -> KernelRecord {
    guard let op = node.op as? GatherElements else { throw node.mismatch(self) }
    return try GatherElementsKernel.record(.init(op: op), tactic: name)
  }
}
