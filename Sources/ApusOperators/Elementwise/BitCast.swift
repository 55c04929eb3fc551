public import ApusCore

/// The bits of every element read as another type of the same width. ONNX BitCast 26.
public struct BitCast: Operator {
  public var to = DType.f32

  public static var importers: [Importer] {
    [.onnx("BitCast", since: 26) { node in BitCast(to: try node.require("to", node.dtype("to"))) }]
  }

  public init() {}
  public init(to: DType) { self.to = to }

  public var traits: OperatorTraits { .elementwise }

  private func check(_ from: DType) throws {
    guard from.bitWidth == to.bitWidth, from != .string, to != .string else {
      throw OperatorError(
        .unsupportedType, "\(from.rawValue) has \(from.bitWidth) bits, \(to.rawValue) has \(to.bitWidth)",
        attribute: "to", value: to.rawValue, allowed: "a type of as many bits")
    }
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    try check(x.dtype)
    return [.tensor(to, x.shape)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0)
    try check(x.dtype)
    return [.tensor(x.bitCast(to: to))]
  }
}
