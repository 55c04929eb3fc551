import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Products of matrices that no tiled kernel takes: any type, vectors, broadcast batches, transposed and scaled forms.
public struct MatMulGeneral: CUDATactic {
  public let name = "cuda.matmul.general"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [MatMul.self, Gemm.self, Einsum.self] }

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.generalRefusal(types: { $0.isComputed || $0.isInteger && $0.bitWidth >= 8 }) {
      return .no(reason)
    }
    if node.isServed(by: [LinearProduct(context: context), MatMulBatched(context: context)]) {
      return .no("a tiled kernel takes it")
    }
    if let gemm = node.op as? Gemm, node.dtype?.isInteger ?? false, gemm.alpha != 1 || gemm.beta != 1 {
      return .no("scaled integers")
    }
    return .yes([.all(.rowMajor, node)])
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    if let gemm = node.op as? Gemm { return [try self.gemm(gemm, node)] }
    if let einsum = node.op as? Einsum { return [try self.einsum(einsum, node)] }
    let output = try node.output()
    let contraction = matrixProduct(
      try node.input(0).shape, try node.input(1).shape, wide: output.dtype.wideName)
    return [try contraction.program("matmul", node)]
  }

  private func gemm(_ gemm: Gemm, _ node: ConcreteNode) throws -> CUDAProgram {
    let (a, b, output) = (try node.input(0), try node.input(1), try node.output())
    let k = a.shape[gemm.transA ? 0 : 1]
    let (rows, columns) = (a.shape[1], b.shape[1])
    var contraction = Contraction(
      outer: output.shape, inner: [k],
      operands: [
        .init(index: 0, strides: gemm.transA ? [1, 0, rows] : [rows, 0, 1]),
        .init(index: 1, strides: gemm.transB ? [0, columns, 1] : [0, 1, columns]),
      ],
      wide: output.dtype.wideName, product: "v0 * v1")
    if gemm.alpha != 1 { contraction.finish = "(\(contraction.wide))\(literal(gemm.alpha)) * sum" }
    if node.isPresent(2) {
      let strides = broadcastStrides(try node.input(2).shape, over: output.shape)
      contraction.operands.append(.init(index: 2, strides: strides + [0]))
      contraction.finish += gemm.beta == 1 ? " + v2" : " + (\(contraction.wide))\(literal(gemm.beta)) * v2"
    }
    let epilogue = try GeneralActivation(gemm.activation, output.dtype, node)
    contraction.prologue = epilogue.prologue
    contraction.finish = epilogue.apply(contraction.finish)
    return try contraction.program("gemm", node)
  }

  private func einsum(_ einsum: Einsum, _ node: ConcreteNode) throws -> CUDAProgram {
    let shapes = try node.inputs.indices.map { try node.input($0).shape }
    let plan = try einsum.contraction(shapes)
    let contraction = Contraction(
      outer: plan.outer, inner: plan.inner,
      operands: plan.strides.enumerated().map { .init(index: $0, strides: $1) },
      wide: try node.output().dtype.wideName,
      product: shapes.indices.map { "v\($0)" }.joined(separator: " * "))
    return try contraction.program("einsum", node)
  }
}

/// The product of matrices with broadcast batches; vectors are a row on the left and a column on the right.
func matrixProduct(_ a: [Int], _ b: [Int], wide: String) -> Contraction {
  let (x, y) = (a.count == 1 ? [1] + a : a, b.count == 1 ? b + [1] : b)
  let (m, k, n) = (x[x.count - 2], x[x.count - 1], y[y.count - 1])
  let rank = max(x.count, y.count) - 2
  let batch = (0..<rank).map { axis in
    let (i, j) = (axis - (rank - x.count + 2), axis - (rank - y.count + 2))
    let sizes = [i >= 0 ? x[i] : 1, j >= 0 ? y[j] : 1]
    return sizes[0] == 1 ? sizes[1] : sizes[0]
  }
  func strides(_ shape: [Int], row: Int, column: Int, inner: Int) -> [Int] {
    let matrix = shape[shape.count - 2] * shape[shape.count - 1]
    let outer = Array(shape.dropLast(2))
    return broadcastStrides(outer, over: batch).map { $0 * matrix } + [row, column, inner]
  }
  return Contraction(
    outer: batch + [m, n], inner: [k],
    operands: [
      .init(index: 0, strides: strides(x, row: k, column: 0, inner: 1)),
      .init(index: 1, strides: strides(y, row: 0, column: 1, inner: n)),
    ], wide: wide, product: "v0 * v1")
}
