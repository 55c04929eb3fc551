public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// Decodes one pyramid level of a RetinaNet, a picture a task.
public struct RetinaNetDecodeBatch: Tactic {
  public let name = "cpu.retinanet_decode"
  public var operators: [any Operator.Type] { [RetinaNetDecode.self] }

  public init() {}

  public func supports(_ node: TacticNode) -> Support { detectionSupport(node, inputs: 2, outputs: 3) }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    guard let op = node.op as? RetinaNetDecode else {
      throw ApusError(.internal, Problem(.internalError, "\(node.op.operatorName) is no RetinaNetDecode"))
    }
    return BuiltKernel(try RetinaNetDecodeKernel.record(op, tactic: name))
  }
}
