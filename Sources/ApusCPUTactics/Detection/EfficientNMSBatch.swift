public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// Decodes, filters and suppresses boxes of a batch, a picture a task.
public struct EfficientNMSBatch: Tactic {
  public let name = "cpu.efficient_nms"
  public var operators: [any Operator.Type] { [EfficientNMS.self] }

  public init() {}

  public func supports(_ node: TacticNode) -> Support { detectionSupport(node, inputs: 2, outputs: 4) }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    guard let op = node.op as? EfficientNMS else {
      throw ApusError(.internal, Problem(.internalError, "\(node.op.operatorName) is no EfficientNMS"))
    }
    return BuiltKernel(try EfficientNMSKernel.record(op, tactic: name))
  }
}
