import ApusCPU
import ApusCore
import ApusTactics

/// FP32 products made of three BF16 parts of each number, which only processors with BF16 tiles are quick at.
enum BF16x3 {
  /// Why a node cannot be computed so; nil: it can.
  static func refusal(_ node: TacticNode) -> String? {
    if !CPURuntime.hasBF16Tiles { return "the processor has no BF16 tiles" }
    return node.dtype == .f32 ? nil : "the elements are not FP32"
  }

  /// FP32 weights; throws where one has no parts.
  static func checked(_ weight: Tensor, _ node: TacticNode) throws -> Tensor {
    guard weight.hasBF16Parts else {
      throw ApusError(
        .internal, Problem(.internalError, "a weight is infinite or above 2^127", node: node.name))
    }
    return weight
  }
}
