public import ApusCore

/// The distinct elements (or slices along `axis`), with the index of their first occurrence, the place of every
/// input element among them, and their counts. Sorted, or in the order of first occurrence. ONNX Unique 11.
public struct Unique: Operator {
  /// nil: the tensor is read as a vector.
  public var axis: Int?
  public var sorted = true

  public static var importers: [Importer] {
    [
      .onnx("Unique", since: 11) { node in
        Unique(axis: try node.int("axis"), sorted: try node.bool("sorted", default: true))
      }
    ]
  }

  public init() {}
  public init(axis: Int?, sorted: Bool) {
    self.axis = axis
    self.sorted = sorted
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    let place = try x.shape.flatMap { shape in try axis.map { try normalizedAxis($0, rank: shape.count) } }
    let size = x.shape.map { shape in place.map { shape[$0] } ?? shape.elementCount }
    let count = context.fresh("unique", atMost: size)
    var result: Shape? = [count]
    if axis != nil {
      result = x.shape
      if let place { result?[place] = count }
    }
    let vector = ValueType.tensor(.i64, [count])
    return [.tensor(x.dtype, result), vector, .tensor(.i64, [size ?? context.fresh("unique")]), vector]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0)
    let flat = axis == nil ? x.reshaped([x.elementCount]) : x
    let axis = try normalizedAxis(axis ?? 0, rank: flat.rank)
    let (size, inner) = (flat.shape[axis], Array(flat.shape[(axis + 1)...]).elementCount)
    let outer = Array(flat.shape[..<axis]).elementCount
    let ranks = flat.orderRanks()
    // Each slice as the ranks of its elements, so that slices compare as vectors of integers.
    let slices = (0..<size).map { index in
      (0..<outer).flatMap { block in (0..<inner).map { ranks[(block * size + index) * inner + $0] } }
    }
    let order = (0..<size).sorted { a, b in
      slices[a] == slices[b] ? a < b : slices[a].lexicographicallyPrecedes(slices[b])
    }
    var groups: [[Int]] = []
    for index in order {
      if let last = groups.last, slices[last[0]] == slices[index] {
        groups[groups.count - 1].append(index)
      } else {
        groups.append([index])
      }
    }
    if !sorted { groups.sort { $0[0] < $1[0] } }
    return try results(flat, axis: axis, groups)
  }

  private func results(_ x: Tensor, axis: Int, _ groups: [[Int]]) throws -> [Value] {
    var indices = x.shape.map { Array(0..<$0) }
    indices[axis] = groups.map { $0[0] }
    var inverse = [Int64](repeating: 0, count: x.shape[axis])
    for (place, group) in groups.enumerated() { for index in group { inverse[index] = Int64(place) } }
    return [
      .tensor(try ElementMap(indices: indices, of: x.shape).apply(to: x)),
      .tensor(Tensor(groups.map { Int64($0[0]) })), .tensor(Tensor(inverse)),
      .tensor(Tensor(groups.map { Int64($0.count) })),
    ]
  }
}
