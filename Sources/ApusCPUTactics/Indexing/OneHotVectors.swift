public import ApusCore
import ApusCPU
import ApusEngine
import ApusOperators
import ApusTactics

/// Vectors with one value at an index.
public struct OneHotVectors: RowMajorTactic {
  public let name = "cpu.onehot"
  public var operators: [any Operator.Type] { [OneHot.self] }

  public init() {}

  func refusal(_ node: TacticNode) -> String? { node.indexRefusal(0) ?? node.bytesRefusal(2) }

  func record(_ node: TacticNode) throws -> KernelRecord {
    guard let op = node.op as? OneHot else { throw node.mismatch(self) }
    return try OneHotKernel.record(.init(op: op), tactic: name)
  }
}
