public import ApusCore

/// Product of matrices with broadcast batch axes, as NumPy's `matmul`. ONNX MatMul 1, 9 (integers), 13.
public struct MatMul: SampledReference {
  public static var importers: [Importer] { [.onnx("MatMul") { _ in MatMul() }, .fusedMatMul] }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let (a, b) = (try context.tensor(0), try context.tensor(1))
    try context.expect(a.dtype, at: 1)
    try MatMul.checkType(a.dtype)
    guard let x = a.shape, let y = b.shape else { return [.tensor(a.dtype, nil)] }
    return [.tensor(a.dtype, try MatMul.shape(x, y))]
  }

  static func checkType(_ dtype: DType) throws {
    guard (dtype.isFloat && !dtype.isMiniFloat) || dtype.isInteger else {
      throw OperatorError(
        .unsupportedType, "matrices of \(dtype.rawValue) are not multiplied", value: dtype.rawValue,
        allowed: "floats of 16 bits and more, integers", fix: "cast the inputs")
    }
  }

  /// The output shape; vectors count as a row on the left and a column on the right.
  package static func shape(_ a: Shape, _ b: Shape) throws -> Shape {
    guard let aLast = a.last, !b.isEmpty else {
      throw OperatorError(.shapeMismatch, "a scalar is no matrix", fix: "use Mul for scalars")
    }
    let inner = b.count == 1 ? b[0] : b[b.count - 2]
    if let x = aLast.value, let y = inner.value {
      try require(x == y, "inner sizes \(x) and \(y) differ", fix: "a is [..., K] and b is [..., K, N]")
    }
    let batch = try Broadcasting.shape([Array(a.dropLast(2)), Array(b.dropLast(2))]) ?? []
    return batch + (a.count > 1 ? [a[a.count - 2]] : []) + (b.count > 1 ? [b[b.count - 1]] : [])
  }

  /// Sizes with vectors made matrices.
  private struct Sizes {
    let (m, k, n): (Int, Int, Int)
    let batch: [Int]
    /// Which matrix of `a` and of `b` each batch element reads.
    let (a, b): ([Int], [Int])
    let shape: [Int]

    init(_ a: [Int], _ b: [Int]) throws {
      shape = try MatMul.shape(Shape(a), Shape(b)).compactMap(\.value)
      let (x, y) = (a.count == 1 ? [1] + a : a, b.count == 1 ? b + [1] : b)
      (m, k, n) = (x[x.count - 2], x[x.count - 1], y[y.count - 1])
      let (outerA, outerB) = (Array(x.dropLast(2)), Array(y.dropLast(2)))
      batch = try Broadcasting.shape([outerA, outerB])
      (self.a, self.b) = (
        Broadcasting.positions(of: outerA, over: batch), Broadcasting.positions(of: outerB, over: batch)
      )
    }
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (a, b) = (try operands.tensor(0), try operands.tensor(1))
    return a.dtype.isInteger
      ? [.tensor(try product(a, b, Int64.self))] : [.tensor(try product(a, b, Double.self))]
  }

  private func product<T: Accumulator>(_ a: Tensor, _ b: Tensor, _: T.Type) throws -> Tensor {
    let sizes = try Sizes(a.shape, b.shape)
    let (m, k, n) = (sizes.m, sizes.k, sizes.n)
    var result = [T](repeating: .zero, count: sizes.shape.elementCount)
    T.elements(a).withUnsafeBufferPointer { x in
      T.elements(b).withUnsafeBufferPointer { y in
        result.withUnsafeMutableBufferPointer { z in
          guard let x = x.baseAddress, let y = y.baseAddress, let z = z.baseAddress else { return }
          for index in sizes.a.indices {
            addMatrixProduct(
              x + sizes.a[index] * m * k, y + sizes.b[index] * k * n, z + index * m * n, m: m, k: k, n: n)
          }
        }
      }
    }
    return T.tensor(result, a.dtype, sizes.shape)
  }

  public func evaluate(at positions: [[Int]], of output: Int, _ operands: Operands) throws -> [Double] {
    let (a, b) = (try operands.tensor(0), try operands.tensor(1))
    let sizes = try Sizes(a.shape, b.shape)
    let (x, y) = (a.doubles(), b.doubles())
    let strides = sizes.shape.rowMajorStrides
    return try positions.map { position in
      try checkPosition(position, in: sizes.shape)
      let flat = zip(position, strides).reduce(0) { $0 + $1.0 * $1.1 }
      let (row, column) = (flat / sizes.n % sizes.m, flat % sizes.n)
      let batch = flat / (sizes.m * sizes.n)
      let (left, right) = (
        (sizes.a[batch] * sizes.m + row) * sizes.k, sizes.b[batch] * sizes.k * sizes.n + column
      )
      var sum = 0.0
      for inner in 0..<sizes.k { sum += x[left + inner] * y[right + inner * sizes.n] }
      return sum
    }
  }
}
