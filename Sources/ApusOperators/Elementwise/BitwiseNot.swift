public import ApusCore

/// Every bit of an integer flipped. ONNX BitwiseNot 18.
public struct BitwiseNot: UnaryMath {
  public static var importers: [Importer] { [.onnx("BitwiseNot", since: 18) { _ in BitwiseNot() }] }
  public static var elementTypes: ElementTypes { .integers }

  public init() {}
  public func apply(_ x: Double) -> Double { .nan }
  public func apply(_ x: Int64, unsigned: Bool) -> Int64 { ~x }
}
