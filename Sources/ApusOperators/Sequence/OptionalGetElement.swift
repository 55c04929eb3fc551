public import ApusCore

/// What an optional holds; tensors and sequences pass as they are. ONNX OptionalGetElement 15, 18.
public struct OptionalGetElement: Operator {
  public static var importers: [Importer] {
    [.onnx("OptionalGetElement", since: 15) { _ in OptionalGetElement() }]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    guard let type = context.inputs.first ?? nil else {
      throw OperatorError(.wrongInputCount, "input 0 is missing")
    }
    if case .optional(let element) = type { return [element] }
    return [type]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    switch operands.value(0) {
    case .optional(let held?, _)?: return [held]
    case nil, .optional(nil, _)?: throw OperatorError(.invalidValue, "the optional holds nothing")
    case let value?: return [value]
    }
  }
}
