public import ApusCore

/// Determinant of square matrices `[…, n, n]`. ONNX Det 11, 22.
public struct Det: Operator {
  public static var importers: [Importer] { [.onnx("Det") { _ in Det() }] }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.floating(0)
    guard let shape = try context.shape(0, rank: 2...Int.max) else { return [.tensor(x.dtype, nil)] }
    _ = try unified(shape[shape.count - 1], shape[shape.count - 2], "sides of the matrix")
    return [.tensor(x.dtype, shape.dropLast(2))]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0, rank: 2...Int.max)
    let n = x.shape[x.rank - 1]
    try require(x.shape[x.rank - 2] == n, "\(x.shape) holds no square matrices")
    let values = x.doubles()
    let shape = Array(x.shape.dropLast(2))
    let determinants = (0..<shape.elementCount).map { index in
      determinant(Array(values[index * n * n..<(index + 1) * n * n]), n)
    }
    return [.tensor(Tensor(doubles: determinants, x.dtype, shape))]
  }

  /// By elimination with the largest pivot of each column.
  private func determinant(_ matrix: [Double], _ n: Int) -> Double {
    var (a, product) = (matrix, 1.0)
    for column in 0..<n {
      guard let pivot = (column..<n).max(by: { abs(a[$0 * n + column]) < abs(a[$1 * n + column]) }),
        a[pivot * n + column] != 0
      else { return 0 }
      if pivot != column {
        for index in 0..<n { a.swapAt(pivot * n + index, column * n + index) }
        product = -product
      }
      product *= a[column * n + column]
      for row in column + 1..<n {
        let factor = a[row * n + column] / a[column * n + column]
        for index in column..<n { a[row * n + index] -= factor * a[column * n + index] }
      }
    }
    return product
  }
}
