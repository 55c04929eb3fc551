public import ApusCore
import Glibc

/// Remainder: with the divisor's sign, or as `fmod` of C with the dividend's. ONNX Mod 10, 13.
public struct Mod: BinaryArithmetic {
  public var fmod = false

  public static var importers: [Importer] {
    [.onnx("Mod", since: 10) { node in Mod(fmod: try node.bool("fmod", default: false)) }]
  }

  public init() {}
  public init(fmod: Bool) { self.fmod = fmod }

  public func apply(_ a: Double, _ b: Double) -> Double { Glibc.fmod(a, b) }

  public func apply(_ a: Int64, _ b: Int64, unsigned: Bool) -> Int64 {
    if b == 0 { return 0 }
    if unsigned { return Int64(bitPattern: UInt64(bitPattern: a) % UInt64(bitPattern: b)) }
    let remainder = a.remainderReportingOverflow(dividingBy: b).partialValue
    return !fmod && remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder
  }

  public func combine(_ a: Contents.Element, _ b: Contents.Element, _ dtype: DType) -> Contents.Element? {
    guard dtype.isInteger, let x = a.dim, let y = b.dim, x.isNonNegative, y.isNonNegative, y != 0 else {
      return nil
    }
    return Contents.Element(x.mod(y))
  }
}
