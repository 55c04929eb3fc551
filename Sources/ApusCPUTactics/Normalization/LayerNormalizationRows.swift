public import ApusCore
import ApusCPU
public import ApusEngine
import ApusOperators
public import ApusTactics

/// Normalization of the last axes with constant scale and shift.
public struct LayerNormalizationRows: Tactic {
  public let name = "cpu.layer-norm"
  public var operators: [any Operator.Type] { [LayerNormalization.self, RMSNormalization.self] }

  public init() {}

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.typeRefusal ?? node.packingRefusal(1, "scale") ?? node.packingRefusal(2, "shift") {
      return .no(reason)
    }
    guard let type = node.output()?.dtype, type == .f32 || type == .bf16 else {
      return .no("element type of the output")
    }
    guard rowShape(node) != nil else { return .no("the sizes of the normalized axes are symbols") }
    let statistics = node.outputs.dropFirst().compactMap { $0?.tensor?.dtype }
    guard statistics.allSatisfy({ $0 == .f32 }) else { return .no("statistics in another type than f32") }
    return .yes([.all(.rowMajor, node)])
  }

  private func attributes(_ node: TacticNode) -> (axis: Int, epsilon: Double)? {
    switch node.op {
    case let op as LayerNormalization: (op.axis, op.epsilon)
    case let op as RMSNormalization: (op.axis, op.epsilon)
    default: nil
    }
  }

  /// Sizes of the normalized axes.
  private func rowShape(_ node: TacticNode) -> [Int]? {
    guard let shape = node.input(0)?.shape, let axis = attributes(node)?.axis,
      let first = try? normalizedAxis(axis, rank: shape.count)
    else { return nil }
    let sizes = shape[first...].compactMap(\.value)
    return sizes.count == shape.count - first ? sizes : nil
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    guard let (axis, epsilon) = attributes(node), let row = rowShape(node), let scale = node.constant(1)
    else {
      throw node.mismatch(self)
    }
    let isRMS = node.op is RMSNormalization
    let shift = isRMS ? nil : node.constant(2)
    let references = try [scale, shift].compactMap { $0 }.map { constants.add(try expanded($0, to: row)) }
    return BuiltKernel(
      try LayerNormKernel.record(
        .init(axis: axis, epsilon: epsilon, rms: isRMS, hasShift: shift != nil), tactic: name,
        constants: references), absorbedInputs: [1, 2])
  }

  /// One FP32 element for each place of a row.
  private func expanded(_ tensor: Tensor, to row: [Int]) throws -> Tensor {
    let shape = Array(tensor.shape.suffix(row.count))
    guard shape.elementCount == tensor.elementCount, try Broadcasting.shape([shape, row]) == row else {
      throw ApusError(.internal, Problem(.internalError, "a scale of \(tensor.shape) differs between rows"))
    }
    let values = tensor.floats()
    return Tensor(Broadcasting.positions(of: shape, over: row).map { values[$0] }, shape: row)
  }
}
