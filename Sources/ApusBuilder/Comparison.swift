public import ApusCore
import Glibc

/// How two tensors differ.
public struct Comparison: Sendable, Codable, Hashable {
  public var output: String
  public var maxAbs: Double
  /// Largest difference over the largest magnitude of the expected tensor.
  public var maxRelative: Double
  public var cosine: Double
  /// First place beyond the tolerances; nil when there is none.
  public var firstBadIndex: [Int]?
  public var firstBadExpected: Double?
  public var firstBadActual: Double?

  public var isWithin: Bool { firstBadIndex == nil }

  /// Compares element by element: `|a - e| <= atol + rtol * |e|`; NaN equals NaN, infinities their like.
  public init(_ output: String, actual: Tensor, expected: Tensor, rtol: Double = 1e-3, atol: Double = 1e-5) {
    self.output = output
    (maxAbs, maxRelative, cosine) = (0, 0, 1)
    guard actual.shape == expected.shape, actual.dtype == expected.dtype else {
      (maxAbs, maxRelative, cosine, firstBadIndex) = (.infinity, .infinity, 0, [])
      return
    }
    if actual.dtype == .string {
      if let place = zip(actual.strings, expected.strings).enumerated().first(where: { $1.0 != $1.1 })?.offset
      {
        (maxAbs, maxRelative, cosine, firstBadIndex) = (1, 1, 0, Self.index(place, expected.shape))
      }
      return
    }
    measure(Self.numbers(actual), Self.numbers(expected), expected.shape, rtol, atol)
  }

  private static func numbers(_ tensor: Tensor) -> [Double] {
    tensor.dtype.isComplex ? tensor.complex().flatMap { [$0.real, $0.imaginary] } : tensor.doubles()
  }

  private mutating func measure(
    _ actual: [Double], _ expected: [Double], _ shape: [Int], _ rtol: Double, _ atol: Double
  ) {
    var (dot, normA, normE, largest) = (0.0, 0.0, 0.0, 0.0)
    for (place, (a, e)) in zip(actual, expected).enumerated() {
      if a == e || (a.isNaN && e.isNaN) {
        if a.isFinite {
          (dot, normA, normE, largest) = (dot + a * e, normA + a * a, normE + e * e, max(largest, abs(e)))
        }
        continue
      }
      let difference = abs(a - e)
      maxAbs = difference.isNaN ? .infinity : max(maxAbs, difference)
      if firstBadIndex == nil, !(difference <= atol + rtol * abs(e)) {
        firstBadIndex = Self.index(place, shape)
        (firstBadExpected, firstBadActual) = (e, a)
      }
      if a.isFinite && e.isFinite {
        (dot, normA, normE, largest) = (dot + a * e, normA + a * a, normE + e * e, max(largest, abs(e)))
      }
    }
    maxRelative = maxAbs == 0 ? 0 : maxAbs / largest
    cosine = normA == 0 && normE == 0 ? 1 : normA == 0 || normE == 0 ? 0 : dot / (sqrt(normA) * sqrt(normE))
  }

  private static func index(_ place: Int, _ shape: [Int]) -> [Int] {
    shape.rowMajorStrides.enumerated().map { axis, stride in
      stride == 0 ? 0 : place / stride % max(1, shape[axis])
    }
  }
}
