public import ApusCore

/// A cache with new entries: the update `[batch, …, n, …]` is written into the past cache `[batch, …, max, …]` along
/// `axis`, from the batch's write index on (zero when the third input is absent). ONNX TensorScatter 24.
public struct TensorScatter: Operator {
  public var axis = -2
  /// Whether writing wraps around at the end.
  public var circular = false

  public static var importers: [Importer] {
    [
      .onnx("TensorScatter", since: 24) { node in
        let mode = try node.string("mode", default: "linear")
        guard mode == "linear" || mode == "circular" else {
          throw OperatorError(
            .unsupportedAttribute, "unknown mode", attribute: "mode", value: mode, allowed: "linear, circular"
          )
        }
        return TensorScatter(axis: try node.int("axis", default: -2), circular: mode == "circular")
      }
    ]
  }

  public init() {}
  public init(axis: Int, circular: Bool) {
    self.axis = axis
    self.circular = circular
  }

  private func place(rank: Int) throws -> Int {
    let axis = try normalizedAxis(axis, rank: rank)
    guard axis > 0 else {
      throw OperatorError(.invalidAttribute, "the batch axis cannot be written along", attribute: "axis")
    }
    return axis
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let (cache, update) = (try context.tensor(0), try context.tensor(1))
    guard cache.dtype == update.dtype else {
      throw OperatorError(
        .typeMismatch, "the cache is \(cache.dtype.rawValue), the update \(update.dtype.rawValue)")
    }
    if let a = cache.shape, let b = update.shape {
      let axis = try place(rank: a.count)
      guard a.count == b.count else {
        throw OperatorError(.shapeMismatch, "the cache has rank \(a.count), the update \(b.count)")
      }
      for index in a.indices where index != axis {
        _ = try Dim.merged(a[index], b[index], "sizes of cache and update at axis \(index)")
      }
    }
    return [.tensor(cache)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (cache, update) = (try operands.tensor(0), try operands.tensor(1))
    let axis = try place(rank: cache.rank)
    var fitting = cache.shape
    if axis < update.rank { fitting[axis] = update.shape[axis] }
    let writes = operands.optionalSizes(2) ?? [Int](repeating: 0, count: cache.shape[0])
    guard update.shape == fitting, writes.count == cache.shape[0] else {
      throw OperatorError(.shapeMismatch, "update \(update.shape) does not fit cache \(cache.shape)")
    }
    let (size, count) = (cache.shape[axis], update.shape[axis])
    let inner = Array(cache.shape[(axis + 1)...]).elementCount
    let outer = Array(cache.shape[1..<axis]).elementCount
    var positions: [Int] = []
    for block in 0..<cache.shape[0] * outer {
      for step in 0..<count {
        var index = writes[block / max(outer, 1)] + step
        if circular, size > 0 { index = (index % size + size) % size }
        guard index >= 0, index < size else {
          throw OperatorError(
            .invalidValue, "entry \(index) is outside a cache of \(size) entries", fix: "use mode circular")
        }
        let start = (block * size + index) * inner
        positions.append(contentsOf: start..<start + inner)
      }
    }
    return [.tensor(try ScatterReduction.none.apply(cache, positions, update))]
  }
}
