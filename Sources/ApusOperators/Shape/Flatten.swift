public import ApusCore

/// A matrix: axes before `axis` become rows, the others columns. ONNX Flatten 1, 9, 11, 13, 21, 23, 24, 25.
public struct Flatten: ShapeRelabelling {
  public var axis = 1

  public static var importers: [Importer] {
    [.onnx("Flatten") { node in Flatten(axis: try node.int("axis", default: 1)) }]
  }

  public init() {}
  public init(axis: Int) { self.axis = axis }
  public var traits: OperatorTraits { .movesData }

  /// The first axis of the columns; it may be the rank itself.
  private func split(rank: Int) throws -> Int {
    guard axis >= -rank && axis <= rank else {
      throw OperatorError(
        .invalidAttribute, "axis outside the tensor's rank \(rank)", attribute: "axis", value: String(axis),
        allowed: "\(-rank)...\(rank)")
    }
    return axis < 0 ? axis + rank : axis
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    guard let shape = x.shape else {
      return [.tensor(x.dtype, context.unknownShape(rank: 2, "flatten"))]
    }
    let split = try split(rank: shape.count)
    return [.tensor(x.dtype, [Shape(shape[..<split]).elementCount, Shape(shape[split...]).elementCount])]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0)
    let split = try split(rank: x.rank)
    return [
      .tensor(x.reshaped([Array(x.shape[..<split]).elementCount, Array(x.shape[split...]).elementCount]))
    ]
  }
}
