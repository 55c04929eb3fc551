public import ApusCore
import ApusCPU
import ApusEngine
import ApusOperators
import ApusTactics

/// FP32 to U8 by the range of the data: one pass for the range, one for the elements.
public struct QuantizeByRange: RowMajorTactic {
  public let name = "cpu.quantize.dynamic"
  public var operators: [any Operator.Type] { [DynamicQuantizeLinear.self] }

  public init() {}

  func refusal(_ node: TacticNode) -> String? { node.refusal(unless: node.dtype == .f32) }

  func record(_ node: TacticNode) throws -> KernelRecord {
    try DynamicQuantizeKernel.record(.init(), tactic: name)
  }
}
