import ApusCPU
import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Operators that move elements in strided parts, one launch a part.
public struct StridedViews: CUDATactic {
  public let name = "cuda.movement"
  let context: CUDAContext
  public var operators: [any Operator.Type] {
    [
      Concat.self, DepthToSpace.self, Expand.self, Pad.self, Slice.self, SpaceToDepth.self, Split.self,
      Tile.self, Transpose.self,
    ]
  }

  public func supports(_ node: TacticNode) -> Support {
    guard let dtype = node.dtype, dtype.bitWidth >= 8, dtype != .string else { return .no("element type") }
    guard let rank = node.input(0)?.rank, let outRank = node.outputs.compactMap({ $0?.tensor?.rank }).first,
      max(rank, outRank) <= (node.op is Tile ? 3 : 6)
    else { return .no("the rank is unknown or above 6") }
    for index in steering(node.op) where node.isPresent(index) && node.integers(index) == nil {
      if !(index < node.contents.count && node.contents[index] != nil) && node.constant(index) == nil {
        return .no("input \(index) is not known in time")
      }
    }
    return .yes(layouts(node, rank, outRank))
  }

  /// Inputs that decide on sizes and places.
  private func steering(_ op: any Operator) -> [Int] {
    switch op {
    case is Slice: [1, 2, 3, 4]
    case is Split, is Expand, is Tile: [1]
    case is Pad: [1, 3]
    default: []
    }
  }

  func absorbed(_ node: TacticNode) -> Set<Int> { Set(steering(node.op)) }

  private func layouts(_ node: TacticNode, _ rank: Int, _ outRank: Int) -> [LayoutSignature] {
    func signature(_ input: Layout, _ output: Layout) -> LayoutSignature {
      // Padding may read the value that it fills with.
      let data: Set<Int> = node.op is Concat ? Set(node.inputs.indices) : node.op is Pad ? [0, 2] : [0]
      return LayoutSignature(
        inputs: node.inputs.indices.map { data.contains($0) ? input : nil },
        outputs: node.outputs.map { _ in output })
    }
    let plain = signature(.rowMajor, .rowMajor)
    switch node.op {
    case is DepthToSpace, is SpaceToDepth, is Transpose:
      return [
        plain, signature(.channelsLast, .rowMajor), signature(.rowMajor, .channelsLast),
        signature(.channelsLast, .channelsLast),
      ]
    default: return rank > 2 && rank == outRank ? [plain, signature(.channelsLast, .channelsLast)] : [plain]
    }
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    let known = node.inputs.indices.map {
      node.constant($0) ?? ($0 < node.contents.count ? node.contents[$0] : nil)
    }
    let views = try MovementViews(PrepareContext(inputs: node.inputs, outputs: node.outputs, contents: known))
    let list: [MovementView]
    switch node.op {
    case let op as Transpose: list = try views.transpose(op)
    case let op as Concat: list = try views.concat(axis: op.axis)
    case let op as Split: list = try views.split(op)
    case let op as Pad: list = try views.pad(op)
    case let op as DepthToSpace: list = try views.depthToSpace(op.blockSize, op.columnRowDepth)
    case let op as SpaceToDepth: list = try views.spaceToDepth(op.blockSize)
    case is Slice: list = try views.slice()
    case is Tile: list = try views.tile()
    default: list = try views.expand()
    }
    let launches = try list.compactMap { try launch($0, node) }
    return [CUDAProgram("strided copies", launches)]
  }

  private func launch(_ view: MovementView, _ node: ConcreteNode) throws -> CUDAProgram.Launch? {
    let output = try node.output(view.output)
    let axes = view.axes.sorted { $0.to.magnitude > $1.to.magnitude }
    guard axes.allSatisfy({ $0.size > 0 }) else { return nil }
    let kernel = PermuteKernel(
      moving: axes, elementBytes: output.dtype.bitWidth / 8, inOffset: view.inOffset,
      outOffset: view.outOffset, writesZeros: view.input == nil)
    if let reason = kernel.refusal { throw node.refusal(reason) }
    return CUDAProgram.Launch(
      spec: kernel.spec(), operands: ["input": .input(view.input ?? 0), "output": .output(view.output)])
  }
}
