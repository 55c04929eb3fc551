import ApusCUDA
public import ApusCore
public import ApusEngine
public import ApusTactics

/// A shared library's own implementation for CUDA devices.
public struct PluginLibraryOnGPU: Tactic {
  public let name = "cuda.library"
  public var operators: [any Operator.Type] { [LibraryPlugin.self] }

  public func supports(_ node: TacticNode) -> Support {
    guard let plugin = node.op as? LibraryPlugin, plugin.runsOnCUDA else {
      return .no("the library computes on the CPU only")
    }
    return .yes([.all(.rowMajor, node)])
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    guard let plugin = node.op as? LibraryPlugin else {
      throw ApusError(.internal, Problem(.internalError, "not a plugin of a library", node: node.name))
    }
    return BuiltKernel(try KernelRecord(kind: CUDALibraryKernel.kind, tactic: name, encoding: plugin))
  }
}
