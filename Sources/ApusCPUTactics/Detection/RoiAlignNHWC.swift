public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// Pools regions of channels-last feature maps, a region a task.
public struct RoiAlignNHWC: Tactic {
  public let name = "cpu.roi_align.nhwc"
  public var operators: [any Operator.Type] { [RoiAlign.self, MultiscaleRoiAlign.self] }

  public init() {}

  public func supports(_ node: TacticNode) -> Support {
    let levels = (node.op as? MultiscaleRoiAlign)?.strides.count
    let floats = levels.map { Array(0...$0) } ?? [0, 1]
    guard floats.allSatisfy({ node.input($0)?.dtype == .f32 }) else { return .no("an input is not FP32") }
    let maps = levels.map { Array(1...$0) } ?? [0]
    guard maps.allSatisfy({ node.input($0)?.rank == 4 }) else { return .no("the rank of a map is unknown") }
    let inputs = node.inputs.indices.map { maps.contains($0) ? Layout.channelsLast : .rowMajor }
    return .yes([LayoutSignature(inputs: inputs, outputs: [.rowMajor])])
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    if let op = node.op as? MultiscaleRoiAlign {
      return BuiltKernel(try RoiAlignKernel.record(.init(op), tactic: name))
    }
    guard let op = node.op as? RoiAlign else { throw node.mismatch(self) }
    return BuiltKernel(try RoiAlignKernel.record(.init(op), tactic: name))
  }
}
