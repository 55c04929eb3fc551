public import ApusCore

/// The sequence without the element at a position, or without the last one. ONNX SequenceErase 11.
public struct SequenceErase: Operator {
  public static var importers: [Importer] {
    [.onnx("SequenceErase", since: 11) { _ in SequenceErase() }]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    [.sequence(try context.elementType(0))]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (all, element) = try operands.sequence(0)
    var items = all
    guard let last = items.indices.last else {
      throw OperatorError(.invalidValue, "the sequence has no elements")
    }
    items.remove(at: try operands.position(1, count: items.count) ?? last)
    return [.sequence(items, element: element)]
  }
}
