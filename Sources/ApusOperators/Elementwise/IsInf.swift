public import ApusCore

/// Whether an element is infinite, of the signs asked for, as bool. ONNX IsInf 10, 20.
public struct IsInf: Operator {
  public var detectNegative = true
  public var detectPositive = true

  public static var importers: [Importer] {
    [
      .onnx("IsInf", since: 10) { node in
        var op = IsInf()
        op.detectNegative = try node.bool("detect_negative", default: true)
        op.detectPositive = try node.bool("detect_positive", default: true)
        return op
      }
    ]
  }

  public init() {}
  public var traits: OperatorTraits { .elementwise }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    try IsNaN.elementTypes.check(x.dtype)
    return [.tensor(.bool, x.shape)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0, IsNaN.elementTypes)
    let found = x.doubles().map { $0 == .infinity && detectPositive || $0 == -.infinity && detectNegative }
    return [.tensor(Tensor(found, shape: x.shape))]
  }
}
