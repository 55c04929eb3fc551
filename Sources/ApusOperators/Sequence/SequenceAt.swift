public import ApusCore

/// The element at a position, counted from the end when negative. ONNX SequenceAt 11.
public struct SequenceAt: Operator {
  public static var importers: [Importer] { [.onnx("SequenceAt", since: 11) { _ in SequenceAt() }] }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    _ = try context.indexTensor(1)
    return [try context.sequenceElement(0)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let items = try operands.sequence(0).items
    guard let place = try operands.position(1, count: items.count) else {
      throw OperatorError(.wrongInputCount, "the position is missing")
    }
    return [items[place]]
  }
}
