public import ApusCore

/// `a` shifted by `b` bits, zeros moving in, with broadcasting; unsigned integers. ONNX BitShift 11.
public struct BitShift: BinaryArithmetic {
  public enum Direction: String, Hashable, Sendable, Codable { case left, right }
  public var direction = Direction.left

  public static var importers: [Importer] {
    [
      .onnx("BitShift", since: 11) { node in
        switch try node.require("direction", node.string("direction")) {
        case "LEFT": return BitShift(.left)
        case "RIGHT": return BitShift(.right)
        case let text:
          throw OperatorError(
            .invalidAttribute, "unknown direction", attribute: "direction", value: text,
            allowed: "LEFT, RIGHT")
        }
      }
    ]
  }
  public static var elementTypes: ElementTypes { .integers }

  public init() {}
  public init(_ direction: Direction) { self.direction = direction }

  public func apply(_ a: Double, _ b: Double) -> Double { .nan }

  /// Shifts by the width or more give 0.
  public func apply(_ a: Int64, _ b: Int64, unsigned: Bool) -> Int64 {
    let (bits, count) = (UInt64(bitPattern: a), UInt64(bitPattern: b))
    return Int64(bitPattern: direction == .left ? bits << count : bits >> count)
  }
}
