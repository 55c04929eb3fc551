public import ApusCore

/// One element of the data for each index: like the index's own position, but at the index along `axis`.
/// ONNX GatherElements 11, 13.
public struct GatherElements: Operator {
  public var axis = 0

  public static var importers: [Importer] {
    [
      .onnx("GatherElements", since: 11) { node in
        GatherElements(axis: try node.int("axis", default: 0))
      }
    ]
  }

  public init() {}
  public init(axis: Int) { self.axis = axis }
  public var traits: OperatorTraits { .movesData }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let (data, indices) = (try context.tensor(0), try context.indexTensor(1))
    if let a = data.rank, let b = indices.rank, a != b {
      throw OperatorError(.shapeMismatch, "data has rank \(a), indices have rank \(b)")
    }
    if let rank = data.rank ?? indices.rank { _ = try normalizedAxis(axis, rank: rank) }
    return [.tensor(data.dtype, indices.shape)]
  }

  /// Position in a tensor of shape `data` of each index, in the order of the indices.
  static func positions(_ data: [Int], _ indices: Tensor, axis: Int) throws -> [Int] {
    guard data.count == indices.rank else {
      throw OperatorError(.shapeMismatch, "data has rank \(data.count), indices have rank \(indices.rank)")
    }
    let axis = try normalizedAxis(axis, rank: data.count)
    for place in data.indices where place != axis && indices.shape[place] > data[place] {
      throw OperatorError(
        .shapeMismatch, "indices reach further than the data along axis \(place): \(indices.shape), \(data)")
    }
    var strides = data.rowMajorStrides
    let along = strides[axis]
    strides[axis] = 0
    let bases = try ElementMap(
      offsets: zip(indices.shape, strides).map { size, stride in (0..<size).map { $0 * stride } })
    return try zip(bases.positions, indices.integers()).map { base, index in
      base + (try checkedIndex(index, size: data[axis])) * along
    }
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (data, indices) = (try operands.tensor(0), try operands.tensor(1))
    let map = try ElementMap(shape: indices.shape) {
      try Self.positions(data.shape, indices, axis: axis)
    }
    return [.tensor(map.apply(to: data))]
  }
}
