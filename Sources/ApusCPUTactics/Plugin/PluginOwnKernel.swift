public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// The CPU implementation that a plugin brings along.
public struct PluginOwnKernel: Tactic {
  public let name = "cpu.plugin"
  public var operators: [any Operator.Type] {
    PluginRegistry.shared.operatorTypes.filter { $0 is any CPUPlugin.Type }
  }

  public init() {}

  public func supports(_ node: TacticNode) -> Support {
    if let library = node.op as? LibraryPlugin, !library.runsOnCPU {
      return .no("the library computes on a GPU only")
    }
    return node.op is any CPUPlugin
      ? .yes([.all(.rowMajor, node)]) : .no("the plugin has no implementation for the CPU")
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    BuiltKernel(try PluginKernel.record(.init(text: PlanStep.text(of: node.op).text), tactic: name))
  }
}
