public import ApusCore

/// Repeats the tensor along each axis as often as the second input says. ONNX Tile 1 (one axis), 6, 13.
public struct Tile: Operator {
  public static var importers: [Importer] {
    [
      .onnx("Tile", since: 6) { _ in Tile() },
      .onnx("Tile", since: 1, until: 5) { node, scope in
        guard node.inputs.count == 3, let x = node.inputs[0], let rank = scope.type(x).tensor?.rank,
          let tiles = scope.known(node.inputs[1])?.integers().first,
          let axis = scope.known(node.inputs[2])?.integers().first
        else {
          throw OperatorError(
            .unsupportedAttribute, "Tile before opset 6 needs a known rank and constant tiles and axis",
            fix: "convert the model to opset 6 or later")
        }
        var repeats = [Int](repeating: 1, count: rank)
        repeats[try normalizedAxis(Int(axis), rank: rank)] = Int(tiles)
        return try scope.add(Tile(), [x, scope.constant(repeats)], for: node)
      },
    ]
  }

  public init() {}
  public var traits: OperatorTraits { .movesData }

  private func check(rank: Int, repeats: Int) throws {
    guard rank == repeats else {
      throw OperatorError(.shapeMismatch, "\(repeats) repeats for a tensor of rank \(rank)")
    }
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    _ = try context.tensor(1)
    guard let shape = x.shape else {
      return [.tensor(x.dtype, context.announcedRank(1).map { context.unknownShape(rank: $0, "tile") })]
    }
    guard let repeats = context.dims(1) else {
      return [.tensor(x.dtype, context.unknownShape(rank: shape.count, "tile"))]
    }
    try check(rank: shape.count, repeats: repeats.count)
    return [.tensor(x.dtype, zip(shape, repeats).map { $0 * $1 })]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (x, repeats) = (try operands.tensor(0), try operands.sizes(1))
    try check(rank: x.rank, repeats: repeats.count)
    try ElementMap.check(zip(x.shape, repeats).map { saturatingProduct($0, $1) })
    let indices = zip(x.shape, repeats).map { size, count in
      (0..<saturatingProduct(size, count)).map { $0 % size }
    }
    return [.tensor(try ElementMap(indices: indices, of: x.shape).apply(to: x))]
  }

  private func saturatingProduct(_ a: Int, _ b: Int) -> Int { b < 0 ? -1 : [a, b].elementCount }
}
