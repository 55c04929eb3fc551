import ApusCPU
import ApusCore
import ApusTactics

extension BF16Parts {
  /// What a tactic's name ends with; nil: plain products.
  var name: String? { self == .none ? nil : "bf16x\(rawValue)" }

  /// Why a node cannot be computed so; nil: it can.
  func refusal(_ node: TacticNode) -> String? {
    if self == .none { return nil }
    if !CPURuntime.hasBF16Tiles { return "the processor has no BF16 tiles" }
    return node.dtype == .f32 ? nil : "the elements are not FP32"
  }

  /// FP32 weights; throws where one has no parts.
  func checked(_ weight: Tensor, _ node: TacticNode) throws -> Tensor {
    guard self == .none || weight.hasBF16Parts else {
      throw ApusError(
        .internal, Problem(.internalError, "a weight is infinite or above 2^127", node: node.name))
    }
    return weight
  }
}
