public import ApusCore
import ApusCPU
import ApusEngine
import ApusOperators
import ApusTactics

/// Updates put or reduced along one axis, in order.
public struct ScatterElementsInOrder: RowMajorTactic {
  public let name = "cpu.scatter.elements"
  public var operators: [any Operator.Type] { [ScatterElements.self] }
  var inPlace: [[Int]] { [[0, 0]] }

  public init() {}

  func refusal(_ node: TacticNode) -> String? {
    guard let op = node.op as? ScatterElements, let dtype = node.dtype else { return "the type is not known" }
    let isTaken = ScatterElementsKernel.takes(dtype, op.reduction)
    return node.refusal(unless: isTaken) ?? node.indexRefusal(1)
  }

  func record(_ node: TacticNode) throws -> KernelRecord {
    guard let op = node.op as? ScatterElements else { throw node.mismatch(self) }
    return try ScatterElementsKernel.record(.init(op: op), tactic: name)
  }
}
