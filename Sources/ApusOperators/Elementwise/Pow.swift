public import ApusCore
import Glibc

/// `a ^ b` in the type of `a`, with broadcasting; `b` may have another numeric type. ONNX Pow 7, 12, 13, 15; before 7
/// with `broadcast` and `axis`.
public struct Pow: BinaryArithmetic {
  public static var importers: [Importer] {
    [.onnx("Pow", since: 7) { _ in Pow() }, .legacyBroadcast("Pow") { Pow() }]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let (a, b) = (try context.tensor(0), try context.tensor(1))
    try ElementTypes.numbers.check(a.dtype, "the base")
    try ElementTypes.numbers.check(b.dtype, "the exponent")
    return [.tensor(a.dtype, try Broadcasting.shape([a.shape, b.shape]))]
  }

  public func apply(_ a: Double, _ b: Double) -> Double { pow(a, b) }

  /// By squaring, wrapping; negative exponents give the reciprocal cut towards zero.
  public func apply(_ a: Int64, _ b: Int64, unsigned: Bool) -> Int64 {
    if b < 0 {
      switch a {
      case 1: return 1
      case -1: return b % 2 == 0 ? 1 : -1
      default: return 0
      }
    }
    var (result, base, exponent) = (Int64(1), a, b)
    while exponent > 0 {
      if exponent & 1 == 1 { result = result &* base }
      base = base &* base
      exponent >>= 1
    }
    return result
  }
}
