import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Softmax, its logarithm, Hardmax and division by a norm, along any axis and for lines of any length.
public struct AxisLineMap: CUDATactic {
  public let name = "cuda.line-map"
  let context: CUDAContext
  public var operators: [any Operator.Type] {
    [Hardmax.self, LogSoftmax.self, LpNormalization.self, Softmax.self]
  }

  public func supports(_ node: TacticNode) -> Support {
    guard let dtype = node.dtype, dtype.isFloat, GeneralKernel.knows(dtype), !dtype.isMiniFloat else {
      return .no("element type")
    }
    guard node.input(0)?.rank != nil else { return .no("the rank is unknown") }
    return .yes([.all(.rowMajor, node)])
  }

  func inPlace(_ node: TacticNode) -> [[Int]] { [[0, 0]] }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    let input = try node.input(0)
    guard let op = node.op as? any AxisNormalization else { throw node.missing("an axis") }
    let lines = try op.lines(input.shape)
    let kernel = Self.kernel(
      AxisLines(outer: lines.outer, size: lines.line, inner: lines.inner), Self.kind(op), input.dtype)
    return [CUDAProgram("line map", kernel.spec(), ["input": .input(0), "output": .output(0)])]
  }

  private static func kind(_ op: any AxisNormalization) -> Int {
    switch op {
    case is LogSoftmax: logSoftmax
    case is Hardmax: 2
    case let op as LpNormalization: op.p == 1 ? 3 : 4
    default: 0
    }
  }

  static let logSoftmax = 1

  /// `line_map.cu`, whose kinds are numbered there.
  static func kernel(_ lines: AxisLines, _ kind: Int, _ dtype: DType) -> GeneralKernel {
    GeneralKernel(
      "line_map.cu", items: lines.count, lanes: lines.lanes, types: ["IN": dtype, "OUT": dtype],
      defines: lines.defines + [
        .init("KIND", kind), .init("SUMS", dtype == .f64 ? "double" : "float"),
      ], operands: ["input", "output"])
  }
}
