public import ApusCore

/// Inserts axes of size 1 at the positions (of the output) in the second input. ONNX Unsqueeze 1, 11 (attribute), 13, 21.
public struct Unsqueeze: ShapeRelabelling {
  public static var importers: [Importer] {
    [
      .onnx("Unsqueeze", since: 13) { _ in Unsqueeze() },
      .onnx("Unsqueeze", since: 1, until: 12) { node, scope in
        let axes = scope.constant(try node.require("axes", node.ints("axes")))
        return try scope.add(Unsqueeze(), [node.inputs.first ?? nil, axes], for: node)
      },
    ]
  }

  public init() {}
  public var traits: OperatorTraits { .movesData }

  static func shape<Size>(_ input: [Size], axes: [Int], one: Size) throws -> [Size] {
    let rank = input.count + axes.count
    let places = Set(try axes.map { try normalizedAxis($0, rank: rank, attribute: "axes") })
    guard places.count == axes.count else {
      throw OperatorError(.invalidValue, "an axis is named twice", attribute: "axes")
    }
    var rest = input.makeIterator()
    return (0..<rank).map { places.contains($0) ? one : rest.next() ?? one }
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let (x, axes) = (try context.tensor(0), try context.tensor(1))
    try ElementTypes.integers.check(axes.dtype, "input 1")
    guard let shape = x.shape else { return [.tensor(x.dtype, nil)] }
    if let axes = context.integers(1) { return [.tensor(x.dtype, try Self.shape(shape, axes: axes, one: 1))] }
    guard let added = context.announcedRank(1) else { return [.tensor(x.dtype, nil)] }
    return [.tensor(x.dtype, context.unknownShape(rank: shape.count + added, "unsqueeze"))]
  }

  public func propagate(_ context: InferenceContext) -> [Contents?] {
    guard let contents = context.contents(0), let axes = context.integers(1),
      let shape = try? Self.shape(contents.shape, axes: axes, one: 1)
    else { return [] }
    return [Contents(contents.dtype, shape, contents.elements)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0)
    let axes = try operands.tensor(1, .integers).integers().map { Int($0) }
    return [.tensor(x.reshaped(try Self.shape(x.shape, axes: axes, one: 1)))]
  }
}
