public import ApusCore

/// A sequence of tensors without elements. ONNX SequenceEmpty 11.
public struct SequenceEmpty: Operator {
  public var dtype = DType.f32

  public static var importers: [Importer] {
    [.onnx("SequenceEmpty", since: 11) { node in SequenceEmpty(try node.dtype("dtype") ?? .f32) }]
  }

  public init() {}
  public init(_ dtype: DType) { self.dtype = dtype }

  public func infer(_ context: InferenceContext) throws -> [ValueType] { [.sequence(.tensor(dtype, nil))] }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    [.sequence([], element: .tensor(dtype, nil))]
  }
}
