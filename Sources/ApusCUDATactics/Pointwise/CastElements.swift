import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Casts from and to the types that generated kernels do not know: floats of a byte and fewer, packed integers.
public struct CastElements: CUDATactic {
  public let name = "cuda.cast"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [Cast.self] }

  public func supports(_ node: TacticNode) -> Support {
    guard let from = node.dtype, let to = node.output()?.dtype, GeneralKernel.knows(from),
      GeneralKernel.knows(to)
    else { return .no("element type") }
    return .yes([.all(.rowMajor, node)])
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let op = node.op as? Cast else { throw node.missing("a type") }
    let (input, output) = (try node.input(0), try node.output())
    let rounding: Int =
      switch op.roundMode {
      case .up: 0
      case .down: 1
      case .nearest: 2
      }
    let kernel = GeneralKernel(
      "cast.cu", items: output.dtype.storeCount(output.elementCount),
      types: ["IN": input.dtype, "OUT": output.dtype],
      defines: [
        .init("COUNT", output.elementCount), .init("SATURATE", op.saturate), .init("ROUND", rounding),
      ], operands: ["input", "output"])
    return [CUDAProgram("cast", kernel.spec(), ["input": .input(0), "output": .output(0)])]
  }
}

extension DType {
  /// How many units of memory hold `count` elements: types under eight bits share bytes.
  func storeCount(_ count: Int) -> Int { bitWidth < 8 ? byteCount(count) : count }
}
