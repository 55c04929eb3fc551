public import ApusCore

/// Conversion of every element to the element type of the second input. ONNX CastLike 15, 19, 21, 23, 24, 25.
public struct CastLike: Operator {
  public var saturate = true
  public var roundMode = Cast.RoundMode.up

  public static var importers: [Importer] {
    [
      .onnx("CastLike", since: 15) { node in
        var op = CastLike()
        op.saturate = try node.bool("saturate", default: true)
        op.roundMode = try Cast.roundMode(node)
        return op
      }
    ]
  }

  public init() {}
  public var traits: OperatorTraits { .elementwise }

  private func cast(to dtype: DType) -> Cast {
    var cast = Cast(to: dtype)
    cast.saturate = saturate
    cast.roundMode = roundMode
    return cast
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    try cast(to: try context.tensor(1).dtype).infer(context)
  }

  public func propagate(_ context: InferenceContext) -> [Contents?] {
    context.optional(1).map { cast(to: $0.dtype).propagate(context) } ?? []
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    try cast(to: try operands.tensor(1).dtype).evaluate(operands)
  }
}
