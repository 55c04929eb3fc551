public import ApusCore
import ApusCPU
import ApusEngine
import ApusOperators
import ApusTactics

/// Numbers in equal steps.
public struct RangeSteps: RowMajorTactic {
  public let name = "cpu.range"
  public var operators: [any Operator.Type] { [RangeOf.self] }

  public init() {}

  func refusal(_ node: TacticNode) -> String? {
    node.refusal(unless: [.i32, .i64, .f32, .f64].contains(node.dtype))
  }

  func record(_ node: TacticNode) throws -> KernelRecord { try RangeKernel.record(.init(), tactic: name) }
}
