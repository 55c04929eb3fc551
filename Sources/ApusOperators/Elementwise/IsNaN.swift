public import ApusCore

/// Whether an element is NaN, as bool. ONNX IsNaN 9, 13, 20.
public struct IsNaN: Operator {
  public static var importers: [Importer] { [.onnx("IsNaN", since: 9) { _ in IsNaN() }] }
  static let elementTypes = ElementTypes(name: "a float type") { $0.isFloat }

  public init() {}
  public var traits: OperatorTraits { .elementwise }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    try Self.elementTypes.check(x.dtype)
    return [.tensor(.bool, x.shape)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0, Self.elementTypes)
    return [.tensor(Tensor(x.doubles().map(\.isNaN), shape: x.shape))]
  }
}
