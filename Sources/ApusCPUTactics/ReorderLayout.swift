public import ApusCore
import ApusCPU
public import ApusEngine
public import ApusTactics

/// Moves a tensor between row-major and channels-last memory.
public struct ReorderLayout: Tactic {
  public let name = "cpu.reorder"
  public var operators: [any Operator.Type] { [LayoutReorder.self] }

  public init() {}

  public func supports(_ node: TacticNode) -> Support {
    guard let op = node.op as? LayoutReorder else { return .no("not a reorder") }
    return .yes([LayoutSignature(inputs: [op.from], outputs: [op.to])])
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    BuiltKernel(try StridedCopyKernel.record(.init(), tactic: name))
  }
}
