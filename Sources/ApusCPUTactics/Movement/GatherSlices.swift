public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// Gather along one axis.
public struct GatherSlices: Tactic {
  public let name = "cpu.gather"
  public var operators: [any Operator.Type] { [Gather.self] }

  public init() {}

  public func supports(_ node: TacticNode) -> Support {
    guard let dtype = node.dtype, dtype.bitWidth >= 8 else { return .no("elements of less than a byte") }
    guard let indices = node.input(1)?.dtype, indices == .i64 || indices == .i32 else {
      return .no("type of the indices")
    }
    return .yes([.all(.rowMajor, node)])
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    guard let op = node.op as? Gather else { throw node.mismatch(self) }
    return BuiltKernel(try GatherKernel.record(.init(axis: op.axis), tactic: name))
  }
}
