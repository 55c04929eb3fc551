import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Position of the largest or smallest element along an axis.
public struct ArgReduceAxis: CUDATactic {
  public let name = "cuda.arg-reduce"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [ArgMax.self, ArgMin.self] }

  public func supports(_ node: TacticNode) -> Support {
    guard let dtype = node.dtype, GeneralKernel.knows(dtype) else { return .no("element type") }
    guard node.input(0)?.rank != nil else { return .no("the rank is unknown") }
    return .yes([.all(.rowMajor, node)])
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    let input = try node.input(0)
    let axis: Int
    let isLast: Bool
    switch node.op {
    case let op as ArgMax: (axis, isLast) = (op.axis, op.selectLastIndex)
    case let op as ArgMin: (axis, isLast) = (op.axis, op.selectLastIndex)
    default: throw node.missing("an axis")
    }
    let lines = AxisLines(input.shape, axis: try normalizedAxis(axis, rank: input.shape.count))
    guard lines.size > 0 else { throw node.refusal("nothing to choose from") }
    let kernel = GeneralKernel(
      "arg_reduce.cu", items: lines.count, lanes: lines.lanes, types: ["IN": input.dtype],
      defines: lines.defines + [.init("SMALLEST", node.op is ArgMin), .init("LAST", isLast)],
      operands: ["input", "output"])
    return [CUDAProgram("arg reduce", kernel.spec(), ["input": .input(0), "output": .output(0)])]
  }
}

/// Lines of elements along one axis of a row-major tensor.
struct AxisLines {
  let outer: Int
  let size: Int
  /// Elements from one of a line to the next.
  let inner: Int

  init(outer: Int, size: Int, inner: Int) { (self.outer, self.size, self.inner) = (outer, size, inner) }

  init(_ shape: [Int], axis: Int) {
    self.init(
      outer: shape[..<axis].reduce(1, *), size: shape[axis], inner: shape[(axis + 1)...].reduce(1, *))
  }

  var count: Int { outer * inner }
  var lanes: Int { GeneralKernel.lanes(items: count, size: size, inner: inner) }
  var defines: [KernelSource.Define] { [.init("SIZE", size), .init("INNER", inner)] }
}
