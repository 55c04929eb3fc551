public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// Operators that move elements in strided parts, in any layout.
public struct StridedViews: Tactic {
  public let name = "cpu.movement"
  public var operators: [any Operator.Type] {
    [
      Concat.self, DepthToSpace.self, Expand.self, Pad.self, Slice.self, SpaceToDepth.self, Split.self,
      Tile.self,
      Transpose.self,
    ]
  }

  public init() {}

  public func supports(_ node: TacticNode) -> Support {
    guard let dtype = node.dtype, dtype.bitWidth >= 8 else { return .no("elements of less than a byte") }
    guard let rank = node.input(0)?.rank, let outRank = node.outputs.compactMap({ $0?.tensor?.rank }).first,
      max(rank, outRank) <= (node.op is Tile ? 4 : 8)
    else { return .no("the rank is unknown or above 8") }
    for index in steering(node) where node.isPresent(index) && !isKnown(index, node) && !isLate(node) {
      return .no("input \(index) is not known in time")
    }
    return .yes(layouts(node, rank, outRank))
  }

  /// Inputs that decide on sizes and places.
  private func steering(_ node: TacticNode) -> [Int] {
    switch node.op {
    case is Slice: [1, 2, 3, 4]
    case is Split: [1]
    case is Pad: [1, 3]
    default: []
    }
  }

  private func isKnown(_ index: Int, _ node: TacticNode) -> Bool {
    node.constant(index) != nil || (index < node.contents.count && node.contents[index] != nil)
  }

  /// Whether output sizes are not known before running, so that the kernel is prepared with the inputs at hand.
  private func isLate(_ node: TacticNode) -> Bool {
    let known = (node.input(0)?.shape ?? []).reduce(into: Set<String>()) { $0.formUnion($1.symbols) }
    return (node.output()?.shape ?? []).contains { !$0.symbols.isSubset(of: known) }
  }

  private func layouts(_ node: TacticNode, _ rank: Int, _ outRank: Int) -> [LayoutSignature] {
    func signature(_ input: Layout, _ output: Layout) -> LayoutSignature {
      let data = node.op is Concat ? Set(node.inputs.indices) : [0]
      return LayoutSignature(
        inputs: node.inputs.indices.map { data.contains($0) ? input : .rowMajor },
        outputs: node.outputs.map { _ in output })
    }
    let plain = signature(.rowMajor, .rowMajor)
    switch node.op {
    case is Expand where rank != outRank: return [plain]
    case is DepthToSpace, is SpaceToDepth, is Transpose:
      return [
        plain, signature(.channelsLast, .rowMajor), signature(.rowMajor, .channelsLast),
        signature(.channelsLast, .channelsLast),
      ]
    default: return rank > 2 ? [plain, signature(.channelsLast, .channelsLast)] : [plain]
    }
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    var parameters = DataMovementKernel.Parameters()
    switch node.op {
    case let op as Concat: parameters.concat = op
    case let op as DepthToSpace: parameters.depthToSpace = op
    case let op as Pad: parameters.pad = op
    case let op as SpaceToDepth: parameters.spaceToDepth = op
    case let op as Split: parameters.split = op
    case let op as Transpose: parameters.transpose = op
    case is Slice: parameters.plain = .slice
    case is Tile: parameters.plain = .tile
    case is Expand: parameters.plain = .expand
    default: throw node.mismatch(self)
    }
    return BuiltKernel(try DataMovementKernel.record(parameters, tactic: name))
  }
}
