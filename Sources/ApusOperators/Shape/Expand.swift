public import ApusCore

/// Broadcasts the input with the shape in the second input. ONNX Expand 8, 13.
public struct Expand: Operator {
  public static var importers: [Importer] { [.onnx("Expand", since: 8) { _ in Expand() }] }

  public init() {}
  public var traits: OperatorTraits { .movesData }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    _ = try context.tensor(1)
    if let dims = context.dims(1) {
      return [.tensor(x.dtype, try Broadcasting.shape([x.shape, dims]))]
    }
    guard let rank = x.rank, let wanted = context.announcedRank(1) else { return [.tensor(x.dtype, nil)] }
    return [.tensor(x.dtype, context.unknownShape(rank: max(rank, wanted), "expand"))]
  }

  private func map(_ shape: [Int], _ wanted: [Int]) throws -> ElementMap {
    let result = try Broadcasting.shape([shape, wanted])
    let strides = Broadcasting.strides(of: shape, over: result)
    try ElementMap.check(result)
    return try ElementMap(
      offsets: zip(result, strides).map { size, stride in (0..<size).map { $0 * stride } })
  }

  public func propagate(_ context: InferenceContext) -> [Contents?] {
    guard let contents = context.contents(0), let wanted = context.integers(1),
      let shape = try? Broadcasting.shape([contents.shape, wanted]), shape.elementCount <= Contents.limit
    else { return [] }
    return [(try? map(contents.shape, wanted))?.apply(to: contents)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0)
    return [.tensor(try map(x.shape, operands.sizes(1)).apply(to: x))]
  }
}
