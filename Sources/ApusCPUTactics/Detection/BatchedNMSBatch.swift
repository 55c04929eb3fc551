public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// Suppresses boxes class by class, a picture a task.
public struct BatchedNMSBatch: Tactic {
  public let name = "cpu.batched_nms"
  public var operators: [any Operator.Type] { [BatchedNMS.self] }

  public init() {}

  public func supports(_ node: TacticNode) -> Support { detectionSupport(node, inputs: 2, outputs: 4) }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    guard let op = node.op as? BatchedNMS else { throw node.mismatch(self) }
    return BuiltKernel(try BatchedNMSKernel.record(op, tactic: name))
  }
}
