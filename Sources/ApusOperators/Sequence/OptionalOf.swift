public import ApusCore

/// An optional that holds the input, or none of the given type when there is no input. ONNX Optional 15.
public struct OptionalOf: Operator {
  /// The type of what it could hold.
  public var element: ValueType?

  public static let name = "Optional"
  public static var importers: [Importer] {
    [
      .onnx("Optional", since: 15) { node in
        guard case .type(let element)? = node.attributes["type"] else { return OptionalOf() }
        return OptionalOf(element)
      }
    ]
  }

  public init() {}
  public init(_ element: ValueType?) { self.element = element }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    guard let type = (context.inputs.first ?? nil) ?? element else {
      throw OperatorError(.invalidAttribute, "without an input, the type must be given", attribute: "type")
    }
    return [.optional(type)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let value = operands.value(0)
    guard let type = value?.type ?? element else {
      throw OperatorError(.invalidAttribute, "without an input, the type must be given", attribute: "type")
    }
    return [.optional(value, element: type)]
  }
}
