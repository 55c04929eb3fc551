import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Gather along one axis.
public struct GatherSlices: CUDATactic {
  public let name = "cuda.gather"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [Gather.self] }

  public func supports(_ node: TacticNode) -> Support {
    guard let dtype = node.dtype, dtype.bitWidth >= 8, dtype.bitWidth <= 64, dtype != .string else {
      return .no("element type")
    }
    guard let indices = node.input(1)?.dtype, indices == .i64 || indices == .i32 else {
      return .no("type of the indices")
    }
    return .yes([.all(.rowMajor, node)])
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let op = node.op as? Gather else { throw node.missing("an axis") }
    let (data, indices) = (try node.input(0), try node.input(1))
    let axis = try normalizedAxis(op.axis, rank: data.shape.count)
    let kernel = GatherKernel(
      elementBytes: data.dtype.bitWidth / 8, outer: data.shape[..<axis].reduce(1, *), axis: data.shape[axis],
      count: indices.elementCount, inner: data.shape[(axis + 1)...].reduce(1, *),
      indexBytes: indices.dtype.bitWidth / 8)
    return [
      CUDAProgram(
        "gather", kernel.spec(), ["input": .input(0), "indices": .input(1), "output": .output(0)])
    ]
  }
}
