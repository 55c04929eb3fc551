public import ApusCore

/// Whether an optional holds something; tensors and sequences count as optionals that do, no input as one that does
/// not. ONNX OptionalHasElement 15, 18.
public struct OptionalHasElement: Operator {
  public static var importers: [Importer] {
    [.onnx("OptionalHasElement", since: 15) { _ in OptionalHasElement() }]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] { [.tensor(.bool, [])] }

  public func propagate(_ context: InferenceContext) -> [Contents?] {
    if case .optional? = context.inputs.first ?? nil { return [] }
    return [Contents(.bool, [], dims: [context.isPresent(0) ? 1 : 0])]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let held =
      switch operands.value(0) {
      case nil, .optional(nil, _): false
      default: true
      }
    return [.tensor(Tensor(scalar: held))]
  }
}
