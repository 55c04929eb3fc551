public import ApusCore

/// Removes axes of size 1: those in the optional second input, or all of them.
/// ONNX Squeeze 1, 11 (attribute), 13, 21, 23, 24, 25.
public struct Squeeze: ShapeRelabelling {
  public static var importers: [Importer] {
    [
      .onnx("Squeeze", since: 13) { _ in Squeeze() },
      .onnx("Squeeze", since: 1, until: 12) { node, scope in
        let axes = try node.ints("axes").map { scope.constant($0) }
        return try scope.add(Squeeze(), [node.inputs.first ?? nil, axes], for: node)
      },
    ]
  }

  public init() {}
  public var traits: OperatorTraits { .movesData }

  /// The axes that stay; nil when that depends on a symbol.
  static func kept(_ shape: Shape, axes: [Int]?) throws -> [Int]? {
    guard let axes else {
      guard shape.allSatisfy({ $0.value != nil }) else { return nil }
      return shape.indices.filter { shape[$0] != 1 }
    }
    let places = Set(try axes.map { try normalizedAxis($0, rank: shape.count, attribute: "axes") })
    for axis in places {
      if let size = shape[axis].value, size != 1 {
        throw OperatorError(
          .shapeMismatch, "axis \(axis) has size \(size), only size 1 can be removed", attribute: "axes")
      }
    }
    return shape.indices.filter { !places.contains($0) }
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    if let axes = context.optional(1) { try ElementTypes.integers.check(axes.dtype, "input 1") }
    guard let shape = x.shape else { return [.tensor(x.dtype, nil)] }
    let axes = context.integers(1)
    if context.isPresent(1), axes == nil {
      guard let removed = context.announcedRank(1) else { return [.tensor(x.dtype, nil)] }
      return [.tensor(x.dtype, context.unknownShape(rank: shape.count - removed, "squeeze"))]
    }
    return [.tensor(x.dtype, try Self.kept(shape, axes: axes).map { $0.map { shape[$0] } })]
  }

  public func propagate(_ context: InferenceContext) -> [Contents?] {
    guard let contents = context.contents(0), !context.isPresent(1) || context.integers(1) != nil,
      let kept = try? Self.kept(Shape(contents.shape), axes: context.integers(1))
    else { return [] }
    return [Contents(contents.dtype, kept.map { contents.shape[$0] }, contents.elements)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0)
    let kept = try Self.kept(Shape(x.shape), axes: operands.optionalSizes(1)) ?? []
    return [.tensor(x.reshaped(kept.map { x.shape[$0] }))]
  }
}
