public import ApusCore

/// Reorders axes: axis `i` of the result is axis `permutation[i]` of the input; without one, the order is reversed.
/// ONNX Transpose 1, 13, 21, 23, 24, 25.
public struct Transpose: Operator, ChannelMoving {
  public var permutation: [Int]?

  public static var importers: [Importer] {
    [
      .onnx("Transpose") { node in
        let op = Transpose(try node.ints("perm"))
        if let count = op.permutation?.count { _ = try op.axes(rank: count) }
        return op
      }
    ]
  }

  public init() {}
  public init(_ permutation: [Int]?) { self.permutation = permutation }
  public var traits: OperatorTraits { .movesData }

  /// The permutation for a rank, checked.
  public func axes(rank: Int) throws -> [Int] {
    guard let permutation else { return (0..<rank).reversed() }
    let axes = permutation.map { $0 < 0 ? $0 + rank : $0 }
    guard axes.sorted() == Array(0..<rank) else {
      throw OperatorError(
        .invalidAttribute, "the permutation does not name each of the \(rank) axes once", attribute: "perm",
        value: "\(permutation)")
    }
    return axes
  }

  public func channelMove(rank: Int) -> ChannelMove? {
    guard rank > 2, let axes = try? axes(rank: rank) else { return nil }
    if axes == [0] + Array(2..<rank) + [1] { return .toLast }
    return axes == [0, rank - 1] + Array(1..<rank - 1) ? .toFirst : nil
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    guard let shape = x.shape else {
      return [.tensor(x.dtype, permutation.map { context.unknownShape(rank: $0.count, "transpose") })]
    }
    return [.tensor(x.dtype, try axes(rank: shape.count).map { shape[$0] })]
  }

  private func map(_ shape: [Int]) throws -> ElementMap {
    let strides = shape.rowMajorStrides
    return try ElementMap(
      offsets: axes(rank: shape.count).map { axis in (0..<shape[axis]).map { $0 * strides[axis] } })
  }

  public func propagate(_ context: InferenceContext) -> [Contents?] {
    guard let contents = context.contents(0) else { return [] }
    return [(try? map(contents.shape))?.apply(to: contents)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0)
    return [.tensor(try map(x.shape).apply(to: x))]
  }
}
