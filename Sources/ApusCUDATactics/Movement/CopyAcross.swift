import ApusCUDA
public import ApusCore
public import ApusEngine
public import ApusTactics

/// Moves a tensor between the host's memory and the GPU's.
public struct CopyAcross: Tactic {
  public let name = "cuda.copy"
  public var operators: [any Operator.Type] { [DeviceCopy.self] }

  public func supports(_ node: TacticNode) -> Support { .yes([.all(.rowMajor, node)]) }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    guard let copy = node.op as? DeviceCopy else {
      throw ApusError(.internal, Problem(.internalError, "not a copy", node: node.name))
    }
    let direction: CUDACopyKernel.Direction = copy.to == .device ? .toDevice : .toHost
    return BuiltKernel(
      try KernelRecord(kind: CUDACopyKernel.kind, tactic: name, encoding: CUDACopyKernel.Setting(direction)))
  }
}
