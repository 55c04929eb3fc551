public import ApusCore
import ApusCPU
import ApusEngine
import ApusOperators
import ApusTactics

/// Triangles, row by row.
public struct TriluRows: RowMajorTactic {
  public let name = "cpu.trilu"
  public var operators: [any Operator.Type] { [Trilu.self] }

  public init() {}

  func refusal(_ node: TacticNode) -> String? { node.bytesRefusal() }

  func record(_ node: TacticNode) throws -> KernelRecord {
    guard let op = node.op as? Trilu else { throw node.mismatch(self) }
    return try TriluKernel.record(.init(op: op), tactic: name)
  }
}
