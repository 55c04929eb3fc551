public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// Suppresses overlapping boxes of a class, a picture a task.
public struct RetinaNetNMSBatch: Tactic {
  public let name = "cpu.retinanet_nms"
  public var operators: [any Operator.Type] { [RetinaNetNMS.self] }

  public init() {}

  public func supports(_ node: TacticNode) -> Support { detectionSupport(node, inputs: 3, outputs: 3) }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    guard let op = node.op as? RetinaNetNMS else {
      throw ApusError(.internal, Problem(.internalError, "\(node.op.operatorName) is no RetinaNetNMS"))
    }
    return BuiltKernel(try RetinaNetNMSKernel.record(op, tactic: name))
  }
}
