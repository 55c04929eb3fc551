import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Reductions over known axes of row-major tensors of any type.
public struct ReduceAxes: CUDATactic {
  public let name = "cuda.reduce"
  let context: CUDAContext
  public var operators: [any Operator.Type] {
    [
      ReduceL1.self, ReduceL2.self, ReduceLogSum.self, ReduceLogSumExp.self, ReduceMax.self, ReduceMean.self,
      ReduceMin.self, ReduceProd.self, ReduceSum.self, ReduceSumSquare.self,
    ]
  }

  public func supports(_ node: TacticNode) -> Support {
    guard let dtype = node.dtype, GeneralKernel.knows(dtype), !dtype.isMiniFloat, dtype.bitWidth >= 8 else {
      return .no("element type")
    }
    guard node.input(0)?.rank != nil else { return .no("the rank is unknown") }
    guard !node.isPresent(1) || node.integers(1) != nil else { return .no("the axes are not known") }
    return .yes([.rowMajor(node, reading: [0])])
  }

  func absorbed(_ node: TacticNode) -> Set<Int> { [1] }

  private func kind(_ op: any Operator) -> Int? {
    switch op {
    case is ReduceSum: 0
    case is ReduceMean: 1
    case is ReduceMax: 2
    case is ReduceMin: 3
    case is ReduceProd: 4
    case is ReduceL1: 5
    case is ReduceL2: 6
    case is ReduceLogSum: 7
    case is ReduceLogSumExp: 8
    case is ReduceSumSquare: 9
    default: nil
    }
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    let input = try node.input(0)
    guard let op = node.op as? any ReductionOperator, let kind = kind(node.op) else {
      throw node.missing("a reduction")
    }
    let axes = try op.reducedAxes(node.integers(1) ?? [], rank: input.shape.count)
    let groups = GroupedAxes(input.shape, reduced: axes)
    let isWhole = input.dtype.isInteger || input.dtype == .bool
    if groups.groupSize == 0, isWhole, kind == 2 || kind == 3 { throw node.refusal("nothing to choose from") }
    // Integers stay integers where the result is one by nature.
    let sums =
      isWhole && [0, 2, 3, 4, 5, 9].contains(kind) ? input.dtype == .u64 ? "u64" : "long long" : "double"
    let start: KernelSource.Define =
      switch kind {
      case 2: isWhole ? .init("START", "(-9223372036854775807ll - 1)") : .init("START", -Double.infinity)
      case 3: isWhole ? .init("START", "9223372036854775807ll") : .init("START", Double.infinity)
      default: .init("START", kind == 4 ? 1 : 0)
      }
    let isUnsigned = input.dtype == .u64 && (kind == 2 || kind == 3)
    let kernel = GeneralKernel(
      "reduce.cu", items: groups.groups, lanes: groups.lanes,
      types: ["IN": input.dtype, "OUT": try node.output().dtype],
      defines: groups.defines() + [
        .init("SUMS", sums), .init("KIND", kind),
        isUnsigned ? .init("START", kind == 2 ? "0ull" : "~0ull") : start,
      ], operands: ["input", "output"])
    return [CUDAProgram("reduce", kernel.spec(), ["input": .input(0), "output": .output(0)])]
  }
}
