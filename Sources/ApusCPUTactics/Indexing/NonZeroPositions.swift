public import ApusCore
import ApusCPU
import ApusEngine
import ApusOperators
import ApusTactics

/// Positions of what is not zero: counted first, then written.
public struct NonZeroPositions: RowMajorTactic {
  public let name = "cpu.nonzero"
  public var operators: [any Operator.Type] { [NonZero.self] }

  public init() {}

  func refusal(_ node: TacticNode) -> String? {
    guard let dtype = node.dtype else { return "the type is not known" }
    return node.refusal(unless: dtype.hasElementCode)
  }

  func record(_ node: TacticNode) throws -> KernelRecord { try NonZeroKernel.record(.init(), tactic: name) }
}
