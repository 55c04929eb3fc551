import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Normalization of the last axes with constant scale and shift.
public struct LayerNormalizationRows: CUDATactic {
  public let name = "cuda.layer-norm"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [LayerNormalization.self, RMSNormalization.self] }

  public func supports(_ node: TacticNode) -> Support {
    guard let dtype = node.dtype, KernelElement(dtype) != nil, node.output()?.dtype == dtype else {
      return .no("element type")
    }
    guard node.constant(1) != nil, !node.isPresent(2) || node.constant(2) != nil else {
      return .no("scale or shift are computed at run time")
    }
    guard node.outputs.dropFirst().allSatisfy({ $0 == nil }) else { return .no("statistics are wanted") }
    guard let size = rowSize(node), node.constant(1)?.elementCount == size,
      node.constant(2).map({ $0.elementCount == size }) ?? true
    else { return .no("scale or shift are broadcast") }
    return .yes([
      LayoutSignature(
        inputs: Array([.rowMajor, nil, nil].prefix(node.inputs.count)),
        outputs: node.outputs.map { _ in .rowMajor })
    ])
  }

  private func attributes(_ op: any Operator) -> (axis: Int, epsilon: Double)? {
    switch op {
    case let op as LayerNormalization: (op.axis, op.epsilon)
    case let op as RMSNormalization: (op.axis, op.epsilon)
    default: nil
    }
  }

  /// Elements that are normalized together.
  private func rowSize(_ node: TacticNode) -> Int? {
    guard let shape = node.input(0)?.shape, let axis = attributes(node.op)?.axis,
      let first = try? normalizedAxis(axis, rank: shape.count)
    else { return nil }
    let sizes = shape[first...].compactMap(\.value)
    return sizes.count == shape.count - first ? sizes.reduce(1, *) : nil
  }

  func absorbed(_ node: TacticNode) -> Set<Int> { [1, 2] }
  func inPlace(_ node: TacticNode) -> [[Int]] { [[0, 0]] }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    let input = try node.input(0)
    guard let element = KernelElement(input.dtype), let (_, epsilon) = attributes(node.op),
      let scale = node.constant(1)
    else { throw node.refusal("element type") }
    let columns = scale.elementCount
    let kernel = LayerNormKernel(
      element: element, rows: input.elementCount / max(1, columns), columns: columns,
      isRMS: node.op is RMSNormalization, epsilon: Float(epsilon), hasBias: node.constant(2) != nil)
    if let reason = kernel.refusal { throw node.refusal(reason) }
    var packed = [context.packed(scale, as: "f32") { scale.inFloat32() }]
    var operands: [String: CUDAProgram.Operand] = [
      "input": .input(0), "output": .output(0), "scale": .packed(0),
    ]
    if let shift = node.constant(2) {
      packed.append(context.packed(shift, as: "f32") { shift.inFloat32() })
      operands["bias"] = .packed(1)
    }
    return [CUDAProgram("layer norm", kernel.spec(), operands, packed: packed)]
  }
}
