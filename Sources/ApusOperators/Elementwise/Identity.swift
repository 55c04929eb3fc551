public import ApusCore

/// The input unchanged, whatever its type. ONNX Identity 1, 13, 14, 16, 19, 21, 23, 24, 25.
public struct Identity: ShapeRelabelling {
  public static var importers: [Importer] { [.onnx("Identity") { _ in Identity() }] }

  public init() {}
  public var traits: OperatorTraits { [.elementwise, .movesData] }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    guard let type = context.inputs.first ?? nil else {
      throw OperatorError(.wrongInputCount, "input 0 is missing")
    }
    return [type]
  }

  public func propagate(_ context: InferenceContext) -> [Contents?] { [context.contents(0)] }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    guard let value = operands.value(0) else { throw OperatorError(.wrongInputCount, "input 0 is missing") }
    return [value]
  }
}
