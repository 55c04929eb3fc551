import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Elements and slices chosen by computed indices: GatherElements, GatherND, OneHot.
public struct GatherByElement: CUDATactic {
  public let name = "cuda.gather-elements"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [GatherElements.self, GatherND.self, OneHot.self] }

  public func supports(_ node: TacticNode) -> Support {
    guard let dtype = node.output()?.dtype, dtype.isMovable else { return .no("element type") }
    if node.op is OneHot {
      guard let indices = node.dtype, GeneralKernel.knows(indices) else { return .no("type of the indices") }
      return .yes([.rowMajor(node, reading: [0, 2])])
    }
    guard let indices = node.input(1)?.dtype, indices.isIndex else { return .no("type of the indices") }
    return .yes([.all(.rowMajor, node)])
  }

  func absorbed(_ node: TacticNode) -> Set<Int> { node.op is OneHot ? [1] : [] }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    let output = try node.output()
    let size = KernelSource.Define("SIZE", output.dtype.bitWidth / 8)
    let kernel: GeneralKernel
    var operands: [String: CUDAProgram.Operand] = [
      "input": .input(0), "indices": .input(1), "output": .output(0),
    ]
    switch node.op {
    case let op as GatherElements:
      let (data, indices) = (try node.input(0), try node.input(1))
      let axis = try normalizedAxis(op.axis, rank: data.shape.count)
      var strides = data.shape.rowMajorStrides
      let along = strides[axis]
      strides[axis] = 0
      kernel = GeneralKernel(
        "gather_elements.cu", items: output.elementCount, types: ["INDEX": indices.dtype],
        defines: [
          size, .init("EXTENTS", list: indices.shape, filler: 1), .init("STRIDES", list: strides),
          .init("AXIS", data.shape[axis]), .init("ALONG", along),
        ], operands: ["input", "indices", "output"])
    case let op as GatherND:
      let (data, indices) = (try node.input(0), try node.input(1))
      let tuples = IndexTupleAxes(data.shape, indices.shape, batchAxes: op.batchDims)
      kernel = GeneralKernel(
        "gather_nd.cu", items: output.elementCount, types: ["INDEX": indices.dtype],
        defines: tuples.defines + [
          size, .init("BATCH_TUPLES", max(1, indices.shape[op.batchDims...].dropLast().reduce(1, *))),
          .init("BATCH_STRIDE", op.batchDims > 0 ? data.shape[op.batchDims...].reduce(1, *) : 0),
        ], operands: ["input", "indices", "output"])
    case let op as OneHot:
      let indices = try node.input(0)
      let axis = try normalizedAxis(op.axis, rank: indices.shape.count + 1)
      kernel = GeneralKernel(
        "one_hot.cu", items: output.elementCount, types: ["INDEX": indices.dtype],
        defines: [
          size, .init("DEPTH", output.shape[axis]), .init("INNER", indices.shape[axis...].reduce(1, *)),
        ], operands: ["indices", "values", "output"])
      operands = ["indices": .input(0), "values": .input(2), "output": .output(0)]
    default: throw node.missing("indices")
    }
    return [CUDAProgram(String(kernel.file.prefix { $0 != "." }), kernel.spec(), operands)]
  }
}

/// The axes that tuples of indices go through.
struct IndexTupleAxes {
  let sizes: [Int]
  let strides: [Int]
  /// Elements of the slice that a tuple names.
  let inner: Int

  init(_ data: [Int], _ indices: [Int], batchAxes: Int = 0) {
    let count = indices.last ?? 0
    sizes = Array(data[batchAxes..<batchAxes + count])
    strides = Array(data.rowMajorStrides[batchAxes..<batchAxes + count])
    inner = data[(batchAxes + count)...].reduce(1, *)
  }

  var defines: [KernelSource.Define] {
    [
      .init("TUPLE", sizes.count), .init("SIZES", list: sizes), .init("STRIDES", list: strides),
      .init("INNER", inner),
    ]
  }
}
