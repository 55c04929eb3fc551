public import ApusCore

/// A sequence of its inputs. ONNX SequenceConstruct 11.
public struct SequenceConstruct: Operator {
  public static var importers: [Importer] {
    [.onnx("SequenceConstruct", since: 11) { _ in SequenceConstruct() }]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    guard var element = context.inputs.first ?? nil else {
      throw OperatorError(.wrongInputCount, "a sequence is made of at least one value")
    }
    for other in context.inputs.dropFirst().compactMap({ $0 }) {
      element = try context.commonElement(element, other)
    }
    return [.sequence(element)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let context = InferenceContext(inputs: operands.values.map { $0?.type })
    guard case .sequence(let element)? = try infer(context).first else { return [] }
    return [.sequence(operands.values.compactMap { $0 }, element: element)]
  }
}
