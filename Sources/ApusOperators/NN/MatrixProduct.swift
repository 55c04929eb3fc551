import ApusCore

/// Numbers that references sum products of: doubles, and integers that wrap.
protocol Accumulator: Sendable {
  static var zero: Self { get }
  static func multiplyAdd(_ sum: Self, _ a: Self, _ b: Self) -> Self
  static func add(_ a: Self, _ b: Self) -> Self
  static func elements(_ tensor: Tensor) -> [Self]
  static func tensor(_ elements: [Self], _ dtype: DType, _ shape: [Int]) -> Tensor
}

extension Double: Accumulator {
  @inline(__always) static func multiplyAdd(_ sum: Double, _ a: Double, _ b: Double) -> Double { sum + a * b }
  static func add(_ a: Double, _ b: Double) -> Double { a + b }
  static func elements(_ tensor: Tensor) -> [Double] { tensor.doubles() }
  static func tensor(_ elements: [Double], _ dtype: DType, _ shape: [Int]) -> Tensor {
    Tensor(doubles: elements, dtype, shape)
  }
}

extension Int64: Accumulator {
  @inline(__always) static func multiplyAdd(_ sum: Int64, _ a: Int64, _ b: Int64) -> Int64 { sum &+ a &* b }
  static func add(_ a: Int64, _ b: Int64) -> Int64 { a &+ b }
  static func elements(_ tensor: Tensor) -> [Int64] { tensor.integers() }
  static func tensor(_ elements: [Int64], _ dtype: DType, _ shape: [Int]) -> Tensor {
    Tensor(integers: elements, dtype, shape)
  }
}

/// Adds `a[m,k] * b[k,n]` to `c[m,n]`, all dense and row-major.
func addMatrixProduct<T: Accumulator>(
  _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, _ c: UnsafeMutablePointer<T>, m: Int, k: Int, n: Int
) {
  for row in 0..<m {
    let sums = c + row * n
    for inner in 0..<k {
      let (factor, line) = (a[row &* k &+ inner], b + inner * n)
      for column in 0..<n { sums[column] = T.multiplyAdd(sums[column], factor, line[column]) }
    }
  }
}

/// The matrix with rows and columns exchanged.
func transposed<T>(_ elements: [T], rows: Int, columns: Int) -> [T] {
  var result: [T] = []
  result.reserveCapacity(elements.count)
  for column in 0..<columns {
    for row in 0..<rows { result.append(elements[row * columns + column]) }
  }
  return result
}
