public import ApusCore

/// A function of two bool tensors, with broadcasting; a BinaryArithmetic on the integers 0 and 1.
public protocol BinaryLogic: BinaryArithmetic {
  func apply(_ a: Bool, _ b: Bool) -> Bool
}

extension BinaryLogic {
  public static var elementTypes: ElementTypes { .bool }
  public func apply(_ a: Double, _ b: Double) -> Double { apply(a != 0, b != 0) ? 1 : 0 }
  public func apply(_ a: Int64, _ b: Int64, unsigned: Bool) -> Int64 { apply(a != 0, b != 0) ? 1 : 0 }

  public func combine(_ a: Contents.Element, _ b: Contents.Element, _ dtype: DType) -> Contents.Element? {
    guard let x = a.numerator.value, let y = b.numerator.value else { return nil }
    return Contents.Element(apply(x != 0, y != 0) ? 1 : 0)
  }
}
