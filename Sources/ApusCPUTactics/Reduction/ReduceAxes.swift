public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics
import CApusKernels

/// Reductions over known axes of row-major tensors.
public struct ReduceAxes: Tactic {
  public let name = "cpu.reduce"
  public var operators: [any Operator.Type] {
    [
      ReduceL1.self, ReduceL2.self, ReduceLogSum.self, ReduceLogSumExp.self, ReduceMax.self, ReduceMean.self,
      ReduceMin.self, ReduceProd.self, ReduceSum.self, ReduceSumSquare.self,
    ]
  }

  public init() {}

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.typeRefusal { return .no(reason) }
    guard axes(node) != nil else { return .no("the axes or the rank are not known") }
    return .yes([node.signature([0: .rowMajor], outputs: .rowMajor)])
  }

  private func axes(_ node: TacticNode) -> [Int]? {
    guard let rank = node.input(0)?.rank, let op = node.op as? any ReductionOperator,
      !node.isPresent(1) || node.integers(1) != nil
    else { return nil }
    return try? op.reducedAxes(node.integers(1) ?? [], rank: rank).sorted()
  }

  private func reduction(_ op: any Operator) -> apus_reduction? {
    switch op {
    case is ReduceL1: APUS_REDUCE_L1
    case is ReduceL2: APUS_REDUCE_L2
    case is ReduceLogSum: APUS_REDUCE_LOG_SUM
    case is ReduceLogSumExp: APUS_REDUCE_LOG_SUM_EXP
    case is ReduceMax: APUS_REDUCE_MAX
    case is ReduceMean: APUS_REDUCE_MEAN
    case is ReduceMin: APUS_REDUCE_MIN
    case is ReduceProd: APUS_REDUCE_PROD
    case is ReduceSum: APUS_REDUCE_SUM
    case is ReduceSumSquare: APUS_REDUCE_SUM_SQUARE
    default: nil
    }
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    guard let axes = axes(node), let reduction = reduction(node.op) else { throw node.mismatch(self) }
    return BuiltKernel(
      try ReduceKernel.record(.init(reduction: reduction.rawValue, axes: axes), tactic: name),
      absorbedInputs: [1])
  }
}
