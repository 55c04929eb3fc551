public import ApusCore

/// The number of elements of a sequence, as an INT64 scalar. ONNX SequenceLength 11.
public struct SequenceLength: Operator {
  public static var importers: [Importer] {
    [.onnx("SequenceLength", since: 11) { _ in SequenceLength() }]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    _ = try context.elementType(0)
    return [.tensor(.i64, [])]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    [.tensor(Tensor(scalar: Int64(try operands.sequence(0).items.count)))]
  }
}
