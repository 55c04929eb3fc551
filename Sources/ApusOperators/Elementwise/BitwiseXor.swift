public import ApusCore

/// Bitwise exclusive or of integers, with broadcasting. ONNX BitwiseXor 18.
public struct BitwiseXor: BinaryArithmetic {
  public static var importers: [Importer] { [.onnx("BitwiseXor", since: 18) { _ in BitwiseXor() }] }
  public static var elementTypes: ElementTypes { .integers }

  public init() {}
  public func apply(_ a: Double, _ b: Double) -> Double { .nan }
  public func apply(_ a: Int64, _ b: Int64, unsigned: Bool) -> Int64 { a ^ b }
}
