public import ApusCore

/// `a / b` with broadcasting; integers are cut towards zero, and 0 where `b` is 0. ONNX Div 7, 13, 14; before 7 with
/// `broadcast` and `axis`.
public struct Div: BinaryArithmetic {
  public static var importers: [Importer] {
    [.onnx("Div", since: 7) { _ in Div() }, .legacyBroadcast("Div") { Div() }]
  }

  public init() {}
  public func apply(_ a: Double, _ b: Double) -> Double { a / b }

  public func apply(_ a: Int64, _ b: Int64, unsigned: Bool) -> Int64 {
    if b == 0 { return 0 }
    if unsigned { return Int64(bitPattern: UInt64(bitPattern: a) / UInt64(bitPattern: b)) }
    return a.dividedReportingOverflow(by: b).partialValue
  }

  public func combine(_ a: Contents.Element, _ b: Contents.Element, _ dtype: DType) -> Contents.Element? {
    if dtype.isInteger {
      guard let x = a.dim, let y = b.dim, y != 0 else { return nil }
      return x.isNonNegative && y.isNonNegative
        ? Contents.Element(x.floorDiv(y)) : x.dividedExactly(by: y).map { Contents.Element($0) }
    }
    if let quotient = a.numerator.dividedExactly(by: b.numerator), a.denominator == b.denominator {
      return Contents.Element(quotient)
    }
    guard let divisor = b.numerator.value, divisor > 0 else { return nil }
    let (denominator, overflow) = a.denominator.multipliedReportingOverflow(by: divisor)
    return overflow ? nil : Contents.Element(a.numerator * .constant(b.denominator), over: denominator)
  }
}
