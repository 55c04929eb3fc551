import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Pooling with windows over one or two axes, in NHWC.
public struct PoolingNHWC: CUDATactic {
  public let name = "cuda.pooling"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [AveragePool.self, MaxPool.self] }

  public func supports(_ node: TacticNode) -> Support {
    guard let dtype = node.dtype, KernelElement(dtype) != nil else { return .no("element type") }
    guard let rank = node.input(0)?.rank, (3...4).contains(rank) else { return .no("rank of the input") }
    if node.outputs.dropFirst().contains(where: { $0 != nil }) { return .no("indices are wanted") }
    if (node.op as? AveragePool)?.ceilMode ?? false { return .no("windows that hang over the end") }
    return .yes([.all(.channelsLast, node)])
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let pool = node.op as? any PoolingOperator else { throw node.missing("a window") }
    let (input, output) = (try node.input(0), try node.output())
    guard let element = KernelElement(input.dtype) else { throw node.refusal("element type") }
    let mode: PoolKernel.Mode =
      switch node.op {
      case let average as AveragePool: average.countIncludePad ? .averageWithPadding : .average
      default: .max
      }
    let window = try pool.geometry(input.shape)
    func two(_ values: [Int], _ filler: Int) -> [Int] {
      values.count == 1 ? [filler] + values : Array(values.prefix(2))
    }
    let (from, to) = (input.picture, output.picture)
    guard window.begins.allSatisfy({ $0 >= 0 }) else { throw node.refusal("negative padding") }
    let kernel = PoolKernel(
      element: element, mode: mode, images: from.images, input: [from.height, from.width],
      result: [to.height, to.width], channels: from.channels, kernel: two(window.kernel, 1),
      strides: two(window.strides, 1), dilations: two(window.dilations, 1),
      pads: two(window.begins, 0) + two(window.ends, 0))
    return [CUDAProgram("pool", kernel.spec(), ["input": .input(0), "output": .output(0)])]
  }
}
