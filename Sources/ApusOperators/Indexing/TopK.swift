public import ApusCore

/// The `k` largest (or smallest) elements along `axis` and their indices; of equal ones, that with the lower index
/// comes first. NaN counts as larger than everything. Inputs: the tensor and `k`. ONNX TopK 1 (attribute), 10, 11, 24.
public struct TopK: Operator {
  public var axis = -1
  public var largest = true
  /// Whether the result must be in order; the reference always is.
  public var sorted = true

  public static var importers: [Importer] {
    [
      .onnx("TopK", since: 10) { node in
        TopK(
          axis: try node.int("axis", default: -1), largest: try node.bool("largest", default: true),
          sorted: try node.bool("sorted", default: true))
      },
      .onnx("TopK", since: 1, until: 9) { node, scope in
        let k = scope.constant([try node.require("k", node.int("k"))])
        let op = TopK(axis: try node.int("axis", default: -1))
        return try scope.add(op, [node.inputs.first ?? nil, k], for: node)
      },
    ]
  }

  public init() {}
  public init(axis: Int, largest: Bool = true, sorted: Bool = true) {
    self.axis = axis
    self.largest = largest
    self.sorted = sorted
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    _ = try context.tensor(1)
    guard var shape = x.shape else { return [.tensor(x.dtype, nil), .tensor(.i64, nil)] }
    let axis = try normalizedAxis(axis, rank: shape.count)
    let k = context.dims(1)?.first
    if let k = k?.value, k < 0 || k > shape[axis].value ?? k { throw Self.tooMany(k, shape[axis]) }
    shape[axis] = k ?? context.fresh("topk", atMost: shape[axis])
    return [.tensor(x.dtype, shape), .tensor(.i64, shape)]
  }

  private static func tooMany(_ k: Int, _ size: Dim) -> OperatorError {
    OperatorError(
      .invalidValue, "k must lie between 0 and the size \(size) of the axis", attribute: "k", value: String(k)
    )
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0)
    let axis = try normalizedAxis(axis, rank: x.rank)
    let (size, inner) = (x.shape[axis], Array(x.shape[(axis + 1)...]).elementCount)
    let k = try operands.sizes(1).first ?? 0
    guard k >= 0, k <= size else { throw Self.tooMany(k, .constant(size)) }
    let ranks = x.orderRanks()
    var shape = x.shape
    shape[axis] = k
    var positions = [Int](repeating: 0, count: shape.elementCount)
    var indices = [Int64](repeating: 0, count: positions.count)
    for outer in 0..<Array(x.shape[..<axis]).elementCount {
      for column in 0..<inner {
        let base = outer * size * inner + column
        let order = (0..<size).sorted { a, b in
          let (x, y) = (ranks[base + a * inner], ranks[base + b * inner])
          return x == y ? a < b : (x > y) == largest
        }
        for (place, index) in order.prefix(k).enumerated() {
          let target = (outer * k + place) * inner + column
          positions[target] = base + index * inner
          indices[target] = Int64(index)
        }
      }
    }
    let map = try ElementMap(shape: shape) { positions }
    return [.tensor(map.apply(to: x)), .tensor(Tensor(indices, shape: shape))]
  }
}
