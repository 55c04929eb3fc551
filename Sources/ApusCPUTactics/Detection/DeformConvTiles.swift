public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// Deformable convolution of pictures: what the taps read is gathered a tile of places at a time, then multiplied.
public struct DeformConvTiles: Tactic {
  public let name = "cpu.deform_conv"
  public var operators: [any Operator.Type] { [DeformConv.self, ModulatedDeformConv2d.self] }

  public init() {}

  public func supports(_ node: TacticNode) -> Support {
    for index in 0..<node.inputs.count where node.isPresent(index) {
      guard node.input(index)?.dtype == .f32 else { return .no("input \(index) is not FP32") }
    }
    guard node.input(0)?.rank == 4 else { return .no("the input is no picture") }
    return .yes([.all(.rowMajor, node)])
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    if let op = node.op as? ModulatedDeformConv2d {
      return BuiltKernel(
        try DeformConvKernel.record(
          .init(op.convolution, order: ModulatedDeformConv2d.order), tactic: name))
    }
    guard let op = node.op as? DeformConv else { throw node.mismatch(self) }
    return BuiltKernel(try DeformConvKernel.record(.init(op, order: Array(0..<5)), tactic: name))
  }
}
