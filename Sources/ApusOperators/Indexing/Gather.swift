public import ApusCore

/// Slices of the first input along `axis`, chosen by the second: `[a…, i…, b…]` for data `[a…, n, b…]` and indices
/// `[i…]`. ONNX Gather 1, 11, 13.
public struct Gather: Operator {
  public var axis = 0

  public static var importers: [Importer] {
    [.onnx("Gather") { node in Gather(axis: try node.int("axis", default: 0)) }]
  }

  public init() {}
  public init(axis: Int) { self.axis = axis }
  public var traits: OperatorTraits { .movesData }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let (data, indices) = (try context.tensor(0), try context.indexTensor(1))
    guard let shape = data.shape, let chosen = indices.shape else { return [.tensor(data.dtype, nil)] }
    let axis = try normalizedAxis(axis, rank: shape.count)
    return [.tensor(data.dtype, Shape(shape[..<axis]) + chosen + Shape(shape[(axis + 1)...]))]
  }

  private func map(_ shape: [Int], _ indices: [Int64], _ indexShape: [Int]) throws -> ElementMap {
    let axis = try normalizedAxis(axis, rank: shape.count)
    let result = Array(shape[..<axis]) + indexShape + Array(shape[(axis + 1)...])
    let (size, inner) = (shape[axis], Array(shape[(axis + 1)...]).elementCount)
    let places = try indices.map { try checkedIndex($0, size: size) * inner }
    return try ElementMap(shape: result) {
      var positions: [Int] = []
      positions.reserveCapacity(result.elementCount)
      for outer in 0..<Array(shape[..<axis]).elementCount {
        for place in places {
          let start = outer * size * inner + place
          positions.append(contentsOf: start..<start + inner)
        }
      }
      return positions
    }
  }

  public func propagate(_ context: InferenceContext) -> [Contents?] {
    guard let data = context.contents(0), let shape = context.contents(1)?.shape,
      let indices = context.integers(1), data.elements.count * indices.count <= Contents.limit * 64
    else { return [] }
    return [(try? map(data.shape, indices.map(Int64.init), shape))?.apply(to: data)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (data, indices) = (try operands.tensor(0), try operands.tensor(1))
    return [.tensor(try map(data.shape, indices.integers(), indices.shape).apply(to: data))]
  }
}
