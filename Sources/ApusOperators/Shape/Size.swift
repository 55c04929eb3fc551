public import ApusCore

/// The number of elements, as an INT64 scalar. ONNX Size 1, 13, 19, 21, 23, 24, 25.
public struct Size: Operator {
  public static var importers: [Importer] { [.onnx("Size") { _ in Size() }] }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    _ = try context.tensor(0)
    return [.tensor(.i64, [])]
  }

  public func propagate(_ context: InferenceContext) -> [Contents?] {
    guard let shape = context.optional(0)?.shape else { return [] }
    return [Contents(.i64, [], dims: [shape.elementCount])]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    [.tensor(Tensor(scalar: Int64(try operands.tensor(0).elementCount)))]
  }
}
