public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// Attention in one kernel, without a cache of past keys.
public struct AttentionFused: Tactic {
  public let name = "cpu.attention"
  public var operators: [any Operator.Type] { [Attention.self, ScaledDotProductAttention.self] }

  public init() {}

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.typeRefusal { return .no(reason) }
    guard (4..<7).allSatisfy({ !node.isPresent($0) }) else { return .no("past keys or lengths") }
    guard node.outputs.dropFirst().allSatisfy({ $0 == nil }) else { return .no("further outputs are wanted") }
    guard let parameters = parameters(node), let q = node.input(0)?.shape, let k = node.input(1)?.shape else {
      return .no("scores pass a cap")
    }
    let (queries, keys) = (q[q.count == 4 ? 2 : 1], k[k.count == 4 ? 2 : 1])
    if parameters.causal, queries != keys { return .no("causal with another number of keys than queries") }
    if let mask = node.input(3) {
      guard [.bool, .f32, .bf16, .f16].contains(mask.dtype), mask.shape?.last == keys else {
        return .no("the mask's type or length")
      }
    }
    return .yes([.all(.rowMajor, node)])
  }

  private func parameters(_ node: TacticNode) -> AttentionKernel.Parameters? {
    switch node.op {
    case let op as Attention where op.softcap == 0:
      .init(queryHeads: op.queryHeads, keyHeads: op.keyHeads, scale: op.scale, causal: op.causal)
    case let op as ScaledDotProductAttention:
      .init(
        queryHeads: op.heads > 0 ? op.heads : nil, keyHeads: op.heads > 0 ? op.heads : nil, scale: op.scale)
    default: nil
    }
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    guard let parameters = parameters(node) else { throw node.mismatch(self) }
    return BuiltKernel(try AttentionKernel.record(parameters, tactic: name))
  }
}
