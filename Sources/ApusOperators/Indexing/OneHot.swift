public import ApusCore

/// Vectors along a new `axis` that hold the on value at the index and the off value elsewhere. Inputs: indices, depth,
/// and the two values (off, on). Indices outside `-depth..<depth` give off values only. ONNX OneHot 9, 11.
public struct OneHot: Operator {
  public var axis = -1

  public static var importers: [Importer] {
    [.onnx("OneHot", since: 9) { node in OneHot(axis: try node.int("axis", default: -1)) }]
  }

  public init() {}
  public init(axis: Int) { self.axis = axis }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let (indices, _, values) = (try context.tensor(0), try context.tensor(1), try context.tensor(2))
    if let pair = values.shape, pair.count != 1 || (pair[0].value ?? 2) != 2 {
      throw OperatorError(.shapeMismatch, "the values must be two, off and on")
    }
    guard var shape = indices.shape else { return [.tensor(values.dtype, nil)] }
    let axis = try normalizedAxis(axis, rank: shape.count + 1)
    var depth = context.dims(1)?.first
    if depth == nil, let constant = context.constant(1), constant.elementCount == 1 {
      depth = constant.integers().first.map { .constant(Int($0)) }
    }
    shape.insert(depth ?? context.fresh("depth"), at: axis)
    return [.tensor(values.dtype, shape)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (indices, values) = (try operands.tensor(0), try operands.tensor(2))
    let axis = try normalizedAxis(axis, rank: indices.rank + 1)
    guard let depth = try operands.sizes(1).first, values.elementCount == 2 else {
      throw OperatorError(.invalidValue, "depth must be one number and values two")
    }
    let (before, after) = (Array(indices.shape[..<axis]), Array(indices.shape[axis...]))
    let numbers = indices.integers()
    let map = try ElementMap(shape: before + [depth] + after) {
      let inner = after.elementCount
      var positions = [Int](repeating: 0, count: numbers.count * depth)
      for (place, number) in numbers.enumerated() {
        let index = number < 0 ? number + Int64(depth) : number
        guard index >= 0, index < Int64(depth) else { continue }
        positions[(place / inner * depth + Int(index)) * inner + place % inner] = 1
      }
      return positions
    }
    return [.tensor(map.apply(to: values))]
  }
}
