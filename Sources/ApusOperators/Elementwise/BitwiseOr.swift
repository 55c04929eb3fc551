public import ApusCore

/// Bitwise or of integers, with broadcasting. ONNX BitwiseOr 18.
public struct BitwiseOr: BinaryArithmetic {
  public static var importers: [Importer] { [.onnx("BitwiseOr", since: 18) { _ in BitwiseOr() }] }
  public static var elementTypes: ElementTypes { .integers }

  public init() {}
  public func apply(_ a: Double, _ b: Double) -> Double { .nan }
  public func apply(_ a: Int64, _ b: Int64, unsigned: Bool) -> Int64 { a | b }
}
