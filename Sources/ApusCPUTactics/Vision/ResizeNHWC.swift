public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// Resize of height and width in all modes, on channels-last tensors.
public struct ResizeNHWC: Tactic {
  public let name = "cpu.resize.nhwc"
  public var operators: [any Operator.Type] { [Resize.self] }

  public init() {}

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.typeRefusal { return .no(reason) }
    guard let op = node.op as? Resize, op.coordinates != .tfCropAndResize else { return .no("crops") }
    guard let input = node.input(0)?.shape, (3...4).contains(input.count), let output = node.output()?.shape
    else { return .no("rank of the input") }
    guard input[..<2] == output[..<2], Self.keepsChannels(op, node, rank: input.count) else {
      return .no("batch or channels are resized")
    }
    for index in 1..<4 where node.isPresent(index) {
      guard node.constant(index) != nil || (index < node.contents.count && node.contents[index] != nil) else {
        return .no("scales or sizes are computed at run time")
      }
    }
    return .yes([node.signature([0: .channelsLast], outputs: .channelsLast)])
  }

  /// Whether batch and channels are scaled by 1: by another scale one element may stay one, but interpolated.
  private static func keepsChannels(_ op: Resize, _ node: TacticNode, rank: Int) -> Bool {
    let axes = (op.axes ?? Array(0..<rank)).map { $0 < 0 ? $0 + rank : $0 }
    if op.aspectRatio != .stretch { return !axes.contains { $0 < 2 } }
    let scales = node.constant(2)?.doubles() ?? []
    return zip(axes, scales).allSatisfy { $0 > 1 || $1 == 1 }
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    guard let op = node.op as? Resize else { throw node.mismatch(self) }
    return BuiltKernel(try ResizeKernel.record(.init(resize: op), tactic: name))
  }
}
