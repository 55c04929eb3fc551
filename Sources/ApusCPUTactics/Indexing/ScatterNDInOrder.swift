public import ApusCore
import ApusCPU
import ApusEngine
import ApusOperators
import ApusTactics

/// Slices put or reduced at tuples of indices, in order.
public struct ScatterNDInOrder: RowMajorTactic {
  public let name = "cpu.scatter.nd"
  public var operators: [any Operator.Type] { [ScatterND.self] }
  var inPlace: [[Int]] { [[0, 0]] }

  public init() {}

  func refusal(_ node: TacticNode) -> String? {
    guard let op = node.op as? ScatterND, let dtype = node.dtype else { return "the type is not known" }
    let isTaken = ScatterElementsKernel.takes(dtype, op.reduction)
    return node.refusal(unless: isTaken) ?? node.indexRefusal(1)
  }

  func record(_ node: TacticNode) throws -> KernelRecord {
    guard let op = node.op as? ScatterND else { throw node.mismatch(self) }
    return try ScatterNDKernel.record(.init(op: op), tactic: name)
  }
}
