public import ApusCore

/// Bitwise and of integers, with broadcasting. ONNX BitwiseAnd 18.
public struct BitwiseAnd: BinaryArithmetic {
  public static var importers: [Importer] { [.onnx("BitwiseAnd", since: 18) { _ in BitwiseAnd() }] }
  public static var elementTypes: ElementTypes { .integers }

  public init() {}
  public func apply(_ a: Double, _ b: Double) -> Double { .nan }
  public func apply(_ a: Int64, _ b: Int64, unsigned: Bool) -> Int64 { a & b }
}
