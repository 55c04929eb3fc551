import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Mean or maximum of all pixels in NHWC; also ReduceMean and ReduceMax over the spatial axes.
public struct GlobalPoolingNHWC: CUDATactic {
  public let name = "cuda.pooling.global"
  let context: CUDAContext
  public var operators: [any Operator.Type] {
    [GlobalAveragePool.self, GlobalMaxPool.self, ReduceMean.self, ReduceMax.self]
  }

  public func supports(_ node: TacticNode) -> Support {
    guard let dtype = node.dtype, KernelElement(dtype) != nil else { return .no("element type") }
    guard let rank = node.input(0)?.rank, (3...5).contains(rank) else { return .no("rank of the input") }
    if node.op is ReduceMean || node.op is ReduceMax {
      guard let axes = node.integers(1), Set(axes.map { $0 < 0 ? $0 + rank : $0 }) == Set(2..<rank) else {
        return .no("reduces other axes than the spatial ones")
      }
    }
    return .yes([
      LayoutSignature(
        inputs: Array([.channelsLast, nil].prefix(node.inputs.count)), outputs: [.channelsLast])
    ])
  }

  func absorbed(_ node: TacticNode) -> Set<Int> { [1] }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    let input = try node.input(0)
    guard let element = KernelElement(input.dtype) else { throw node.refusal("element type") }
    let kernel = GlobalPoolKernel(
      element: element, isMax: node.op is GlobalMaxPool || node.op is ReduceMax, images: input.shape[0],
      pixels: input.shape[2...].reduce(1, *), channels: input.shape[1])
    return [CUDAProgram("global pool", kernel.spec(), ["input": .input(0), "output": .output(0)])]
  }
}
