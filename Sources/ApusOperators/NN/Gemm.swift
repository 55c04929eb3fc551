public import ApusCore

/// `activation(alpha * op(a) · op(b) + beta * c)`, where `op` may transpose and `c` broadcasts to the result.
/// ONNX Gemm 1, 6, 7, 9 (integers), 11 (optional c), 13.
public struct Gemm: SampledReference {
  public var alpha = 1.0
  public var beta = 1.0
  public var transA = false
  public var transB = false
  public var activation = Activation.none

  public static var importers: [Importer] {
    [
      .onnx("Gemm") { node in
        var gemm = Gemm()
        gemm.alpha = try node.float("alpha", default: 1)
        gemm.beta = try node.float("beta", default: 1)
        gemm.transA = try node.bool("transA", default: false)
        gemm.transB = try node.bool("transB", default: false)
        return gemm
      }
    ]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let a = try context.tensor(0)
    _ = try context.tensor(1)
    try MatMul.checkType(a.dtype)
    try context.expect(a.dtype, at: 1)
    try context.expect(a.dtype, at: 2)
    guard let x = try context.shape(0, rank: 2...2), let y = try context.shape(1, rank: 2...2) else {
      return [.tensor(a.dtype, [context.fresh("rows"), context.fresh("columns")])]
    }
    return [.tensor(a.dtype, try shape(x, y, context.optional(2)?.shape))]
  }

  private func shape(_ a: Shape, _ b: Shape, _ c: Shape?) throws -> Shape {
    let (m, k) = transA ? (a[1], a[0]) : (a[0], a[1])
    let (inner, n) = transB ? (b[1], b[0]) : (b[0], b[1])
    if let x = k.value, let y = inner.value {
      try require(x == y, "inner sizes \(x) and \(y) differ", fix: "check 'transA' and 'transB'")
    }
    if let c {
      try require(c.count <= 2, "c has rank \(c.count)")
      for (size, target) in zip(c.reversed(), [n, m]) where size != 1 {
        _ = try unified(size, target, "size of c")
      }
    }
    return [m, n]
  }

  private struct Sizes {
    let (m, k, n): (Int, Int, Int)
    /// Where each output element reads c.
    let addend: [Int]?

    init(_ gemm: Gemm, _ operands: Operands) throws {
      let (a, b) = (try operands.tensor(0, rank: 2...2), try operands.tensor(1, rank: 2...2))
      let c = operands.optional(2)
      let shape = try gemm.shape(Shape(a.shape), Shape(b.shape), c.map { Shape($0.shape) }).compactMap(
        \.value)
      (m, n) = (shape[0], shape[1])
      k = a.shape[gemm.transA ? 0 : 1]
      addend = c.map { Broadcasting.positions(of: $0.shape, over: shape) }
    }
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let a = try operands.tensor(0)
    if a.dtype.isInteger && alpha == 1 && beta == 1 {
      let (sizes, sums, c) = try products(operands, Int64.self)
      var result = sums
      if let c, let addend = sizes.addend {
        for index in result.indices { result[index] &+= c[addend[index]] }
      }
      return [.tensor(Tensor(integers: result, a.dtype, [sizes.m, sizes.n]))]
    }
    let (sizes, sums, c) = try products(operands, Double.self)
    var result = sums
    for index in result.indices {
      let addend = sizes.addend.flatMap { places in c.map { beta * $0[places[index]] } } ?? 0
      result[index] = activation.apply(alpha * result[index] + addend)
    }
    return [.tensor(Tensor(doubles: result, a.dtype, [sizes.m, sizes.n]))]
  }

  private func products<T: Accumulator>(_ operands: Operands, _: T.Type) throws -> (Sizes, [T], [T]?) {
    let sizes = try Sizes(self, operands)
    var (a, b) = (T.elements(try operands.tensor(0)), T.elements(try operands.tensor(1)))
    if transA { a = transposed(a, rows: sizes.k, columns: sizes.m) }
    if transB { b = transposed(b, rows: sizes.n, columns: sizes.k) }
    var sums = [T](repeating: .zero, count: sizes.m * sizes.n)
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        sums.withUnsafeMutableBufferPointer { c in
          guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
          addMatrixProduct(a, b, c, m: sizes.m, k: sizes.k, n: sizes.n)
        }
      }
    }
    return (sizes, sums, operands.optional(2).map(T.elements))
  }

  public func evaluate(at positions: [[Int]], of output: Int, _ operands: Operands) throws -> [Double] {
    let sizes = try Sizes(self, operands)
    let (a, b) = (try operands.tensor(0).doubles(), try operands.tensor(1).doubles())
    let c = operands.optional(2)?.doubles()
    let (m, k, n) = (sizes.m, sizes.k, sizes.n)
    return try positions.map { position in
      try checkPosition(position, in: [m, n])
      let (row, column) = (position[0], position[1])
      var sum = 0.0
      for inner in 0..<k {
        sum +=
          a[transA ? inner * m + row : row * k + inner] * b[transB ? column * k + inner : inner * n + column]
      }
      let addend = sizes.addend.flatMap { places in c.map { beta * $0[places[row * n + column]] } } ?? 0
      return activation.apply(alpha * sum + addend)
    }
  }
}
