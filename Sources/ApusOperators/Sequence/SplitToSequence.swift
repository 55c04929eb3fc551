public import ApusCore

/// A sequence of the parts of a tensor along `axis`: of one size (a scalar second input), of given sizes (a vector), or
/// of size 1 when there is none; then `keepAxis` says whether the parts keep the axis. ONNX SplitToSequence 11, 24.
public struct SplitToSequence: Operator {
  public var axis = 0
  public var keepAxis = true

  public static var importers: [Importer] {
    [
      .onnx("SplitToSequence", since: 11) { node in
        SplitToSequence(
          axis: try node.int("axis", default: 0), keepAxis: try node.bool("keepdims", default: true))
      }
    ]
  }

  public init() {}
  public init(axis: Int, keepAxis: Bool) {
    self.axis = axis
    self.keepAxis = keepAxis
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    guard var shape = x.shape else { return [.sequence(.tensor(x.dtype, nil))] }
    let axis = try normalizedAxis(axis, rank: shape.count)
    guard context.isPresent(1) else {
      if keepAxis { shape[axis] = 1 } else { shape.remove(at: axis) }
      return [.sequence(.tensor(x.dtype, shape))]
    }
    let sizes = context.integers(1)
    let isScalar = try context.tensor(1).shape?.isEmpty ?? false
    let even = sizes.flatMap { sizes -> Dim? in
      guard let first = sizes.first, first > 0 else { return nil }
      let divides = !isScalar || shape[axis].dividedExactly(by: .constant(first)) != nil
      return divides && sizes.allSatisfy { $0 == first } ? .constant(first) : nil
    }
    shape[axis] = even ?? context.fresh(SequenceSizes.hint, atMost: shape[axis])
    return [.sequence(.tensor(x.dtype, shape))]
  }

  private func sizes(_ split: Tensor?, of size: Int) throws -> [Int] {
    guard let split else { return [Int](repeating: 1, count: size) }
    let given = split.integers().map { Int($0) }
    if split.rank > 0 {
      guard given.allSatisfy({ $0 >= 0 && $0 <= size }), given.reduce(0, +) == size else {
        throw OperatorError(.invalidValue, "parts \(given) do not make up an axis of size \(size)")
      }
      return given
    }
    guard let part = given.first, part > 0 else {
      throw OperatorError(.invalidValue, "the part size is not positive")
    }
    return stride(from: 0, to: size, by: part).map { min(part, size - $0) }
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0)
    let axis = try normalizedAxis(axis, rank: x.rank)
    var start = 0
    let parts = try sizes(operands.optional(1), of: x.shape[axis]).map { size -> Value in
      var indices = x.shape.map { Array(0..<$0) }
      indices[axis] = Array(start..<start + size)
      start += size
      let part = try ElementMap(indices: indices, of: x.shape).apply(to: x)
      guard !keepAxis, !operands.isPresent(1) else { return .tensor(part) }
      var shape = part.shape
      shape.remove(at: axis)
      return .tensor(part.reshaped(shape))
    }
    let types = Set(parts.compactMap { $0.tensor?.type })
    return [.sequence(parts, element: .tensor(x.dtype, types.count == 1 ? types.first?.shape : nil))]
  }
}
