import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// A copy of the data, then updates put into it: ScatterElements, ScatterND, TensorScatter. Updates of one place are
/// combined in their order, without atomic operations, so that results repeat.
public struct ScatterUpdates: CUDATactic {
  public let name = "cuda.scatter"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [ScatterElements.self, ScatterND.self, TensorScatter.self] }

  public func supports(_ node: TacticNode) -> Support {
    guard let dtype = node.dtype, dtype.isMovable, dtype.bitWidth <= 64 else { return .no("element type") }
    if node.op is TensorScatter {
      guard !node.isPresent(2) || node.input(2)?.dtype == .i64 else { return .no("type of the indices") }
      return .yes([.all(.rowMajor, node)])
    }
    guard let indices = node.input(1)?.dtype, indices.isIndex else { return .no("type of the indices") }
    guard reduction(node.op) == .none || !(dtype.isMiniFloat || dtype.isComplex) else {
      return .no("element type of a reduction")
    }
    return .yes([.all(.rowMajor, node)])
  }

  func inPlace(_ node: TacticNode) -> [[Int]] { [] }

  private func reduction(_ op: any Operator) -> ScatterReduction {
    (op as? ScatterElements)?.reduction ?? (op as? ScatterND)?.reduction ?? .none
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    let data = try node.input(0)
    let bytes = data.dtype.bitWidth / 8
    let copy = PermuteKernel(elementBytes: bytes, extents: [data.elementCount], strides: [1])
    if let reason = copy.refusal { throw node.refusal(reason) }
    var launches = [
      CUDAProgram.Launch(spec: copy.spec(), operands: ["input": .input(0), "output": .output(0)])
    ]
    if try node.input(node.op is TensorScatter ? 1 : 2).elementCount > 0 {
      launches.append(try update(node, data, bytes))
    }
    return [CUDAProgram("copy and scatter", launches)]
  }

  private func update(_ node: ConcreteNode, _ data: TensorDescriptor, _ bytes: Int) throws
    -> CUDAProgram.Launch
  {
    if let op = node.op as? TensorScatter { return try cache(op, node, data, bytes) }
    let indices = try node.input(1)
    let reduction = reduction(node.op)
    let numbers: [ScatterReduction: Int] = [.none: 0, .add: 1, .mul: 2, .max: 3, .min: 4]
    // What is only moved is moved as it is.
    let moved: DType = bytes == 1 ? .u8 : bytes == 2 ? .u16 : bytes == 4 ? .u32 : .u64
    let types = ["DATA": reduction == .none ? moved : data.dtype, "INDEX": indices.dtype]
    let code = KernelSource.Define("REDUCTION", numbers[reduction] ?? 0)
    let kernel: GeneralKernel
    if let op = node.op as? ScatterElements {
      let axis = try normalizedAxis(op.axis, rank: data.shape.count)
      let lines = AxisLines(indices.shape, axis: axis)
      let strides = data.shape.rowMajorStrides
      let others = indices.shape.indices.filter { $0 != axis }
      kernel = GeneralKernel(
        "scatter_elements.cu", items: lines.count, types: types,
        defines: lines.defines + [
          code, .init("EXTENTS", list: others.map { indices.shape[$0] }, filler: 1),
          .init("STRIDES", list: others.map { strides[$0] }), .init("AXIS", data.shape[axis]),
          .init("ALONG", strides[axis]),
        ], operands: ["indices", "updates", "output"])
    } else {
      let tuples = IndexTupleAxes(data.shape, indices.shape)
      let count = indices.shape.dropLast().reduce(1, *)
      let isApart = reduction == .none
      kernel = GeneralKernel(
        "scatter_nd.cu", items: isApart ? count * tuples.inner : tuples.inner, types: types,
        defines: tuples.defines + [code, .init("TUPLES", isApart ? 1 : count)],
        operands: ["indices", "updates", "output"])
    }
    return CUDAProgram.Launch(
      spec: kernel.spec(), operands: ["indices": .input(1), "updates": .input(2), "output": .output(0)])
  }

  private func cache(_ op: TensorScatter, _ node: ConcreteNode, _ data: TensorDescriptor, _ bytes: Int) throws
    -> CUDAProgram.Launch
  {
    let update = try node.input(1)
    let axis = try normalizedAxis(op.axis, rank: data.shape.count)
    let kernel = GeneralKernel(
      "tensor_scatter.cu", items: update.elementCount,
      defines: [
        .init("SIZE", bytes), .init("COUNT", update.shape[axis]), .init("AXIS", data.shape[axis]),
        .init("INNER", data.shape[(axis + 1)...].reduce(1, *)),
        .init("OUTER", data.shape[1..<axis].reduce(1, *)), .init("CIRCULAR", op.circular),
      ], operands: ["update", "writes", "output"])
    var operands: [String: CUDAProgram.Operand] = ["update": .input(1), "output": .output(0)]
    if node.isPresent(2) { operands["writes"] = .input(2) }
    return CUDAProgram.Launch(spec: kernel.spec(), operands: operands)
  }
}
