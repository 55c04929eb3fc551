import ApusCore

/// The position along one axis of the element that wins, as INT64.
protocol ArgReduction: Operator {
  var axis: Int { get set }
  var keepDims: Bool { get set }
  /// Whether the last of equal elements is taken, not the first.
  var selectLastIndex: Bool { get set }
  /// Whether `a` wins over `b`.
  static func wins(_ a: Double, _ b: Double) -> Bool
  static func wins(_ a: Int64, _ b: Int64) -> Bool
}

extension ArgReduction {
  static var onnxImporters: [Importer] {
    [
      .onnx(name) { node in
        var op = Self()
        op.axis = try node.int("axis", default: 0)
        op.keepDims = try node.bool("keepdims", default: true)
        op.selectLastIndex = try node.bool("select_last_index", default: false)
        return op
      }
    ]
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    try ElementTypes.numbers.check(x.dtype)
    guard var shape = x.shape else { return [.tensor(.i64, nil)] }
    let axis = try normalizedAxis(axis, rank: shape.count)
    if keepDims { shape[axis] = 1 } else { shape.remove(at: axis) }
    return [.tensor(.i64, shape)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0, .numbers)
    let axis = try normalizedAxis(axis, rank: x.rank)
    let walk = ReductionWalk(x.shape, axes: [axis])
    guard x.shape[axis] > 0 || walk.starts.isEmpty else {
      throw OperatorError(.shapeMismatch, "axis \(axis) has no elements to choose from")
    }
    let winners: [Int64]
    if x.dtype.isInteger {
      // Flipping the top bit orders UInt64 as Int64.
      let flip = x.dtype == .u64 ? Int64.min : 0
      winners = walk.map(x.integers()) { winner($0) { Self.wins($0 ^ flip, $1 ^ flip) } }
    } else {
      winners = walk.map(x.doubles()) { winner($0) { $0.isNaN ? !$1.isNaN : Self.wins($0, $1) } }
    }
    return [.tensor(Tensor(winners, shape: keepDims ? walk.keptShape : walk.squeezedShape))]
  }

  private func winner<T>(_ group: ReductionWalk.Group<T>, _ wins: (T, T) -> Bool) -> Int64 {
    var best = 0
    for index in group.indices.dropFirst() {
      if selectLastIndex ? !wins(group[best], group[index]) : wins(group[index], group[best]) { best = index }
    }
    return Int64(best)
  }
}
