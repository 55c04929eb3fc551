import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Running sums and products along a known axis.
public struct CumulateAxis: CUDATactic {
  public let name = "cuda.cumulate"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [CumProd.self, CumSum.self] }

  public func supports(_ node: TacticNode) -> Support {
    guard let dtype = node.dtype, dtype.bitWidth >= 8, GeneralKernel.knows(dtype), !dtype.isMiniFloat else {
      return .no("element type")
    }
    guard node.input(0)?.rank != nil else { return .no("the rank is unknown") }
    guard node.integers(1)?.count == 1 else { return .no("the axis is not known") }
    return .yes([.rowMajor(node, reading: [0])])
  }

  func absorbed(_ node: TacticNode) -> Set<Int> { [1] }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    let input = try node.input(0)
    guard let axis = node.integers(1)?.first else { throw node.missing("an axis") }
    let lines = AxisLines(input.shape, axis: try normalizedAxis(axis, rank: input.shape.count))
    let (exclusive, reverse) =
      (node.op as? CumSum).map { ($0.exclusive, $0.reverse) }
      ?? (node.op as? CumProd).map { ($0.exclusive, $0.reverse) } ?? (false, false)
    let sums = input.dtype.isFloat ? "double" : input.dtype == .u64 ? "u64" : "long long"
    let kernel = GeneralKernel(
      "cumulate.cu", items: lines.count, types: ["IN": input.dtype],
      defines: lines.defines + [
        .init("SUMS", sums), .init("PRODUCT", node.op is CumProd), .init("EXCLUSIVE", exclusive),
        .init("REVERSE", reverse),
      ], operands: ["input", "output"])
    return [CUDAProgram("cumulate", kernel.spec(), ["input": .input(0), "output": .output(0)])]
  }
}
