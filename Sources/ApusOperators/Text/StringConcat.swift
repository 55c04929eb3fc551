public import ApusCore

/// Strings joined element by element, with broadcasting. ONNX StringConcat 20.
public struct StringConcat: Operator {
  public static var importers: [Importer] { [.onnx("StringConcat", since: 20) { _ in StringConcat() }] }

  public init() {}
  public var traits: OperatorTraits { .elementwise }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    [.tensor(try context.broadcast(.strings, count: 2))]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (a, b) = (try operands.tensor(0, .strings), try operands.tensor(1, .strings))
    let shape = try Broadcasting.shape([a.shape, b.shape])
    let places = zip(
      Broadcasting.positions(of: a.shape, over: shape), Broadcasting.positions(of: b.shape, over: shape))
    return [.tensor(Tensor(strings: places.map { a.strings[$0] + b.strings[$1] }, shape: shape))]
  }
}

extension ElementTypes {
  static let strings = ElementTypes(name: "string") { $0 == .string }
}
