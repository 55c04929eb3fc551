public import ApusCore

/// Cuts a tensor along `axis` into parts of the sizes in the optional second input, or into equal parts (the last ones
/// smaller when `partCount` does not divide the size). ONNX Split 1, 2, 11 (attribute), 13, 18 (`num_outputs`).
public struct Split: Operator {
  public var axis = 0
  /// `num_outputs`; nil: as many as the node has outputs.
  public var partCount: Int?

  public static var importers: [Importer] {
    [
      .onnx("Split", since: 13) { node in
        Split(
          axis: try node.int("axis", default: 0), partCount: try node.int("num_outputs", in: Window.steps))
      },
      .onnx("Split", since: 1, until: 12) { node, scope in
        let sizes = try node.ints("split").map { scope.constant($0) } ?? node.inputs.dropFirst().first ?? nil
        let op = Split(axis: try node.int("axis", default: 0))
        return try scope.add(op, [node.inputs.first ?? nil, sizes], for: node)
      },
    ]
  }

  public init() {}
  public init(axis: Int, partCount: Int? = nil) {
    self.axis = axis
    self.partCount = partCount
  }
  public var traits: OperatorTraits { .movesData }

  /// Sizes of the parts along the axis.
  private func parts(_ size: Dim, _ given: [Dim]?, outputs: Int) throws -> [Dim] {
    if let given {
      guard given.count == outputs else {
        throw OperatorError(.invalidValue, "\(given.count) sizes for \(outputs) outputs")
      }
      let sum = given.reduce(0) { $0 + $1 }
      if given.contains(where: { ($0.value ?? 0) < 0 })
        || (sum.value != nil && size.value != nil && sum != size)
      {
        throw OperatorError(
          .invalidValue, "parts of sizes \(given.map(\.description)) do not make up the axis of size \(size)")
      }
      return given
    }
    let count = partCount ?? outputs
    guard count == outputs, count > 0 else {
      throw OperatorError(.wrongInputCount, "num_outputs is \(count), the node has \(outputs) outputs")
    }
    let part = size.dividedExactly(by: .constant(count)) ?? size.ceilDiv(.constant(count))
    guard let whole = size.value, let step = part.value else {
      return [Dim](repeating: part, count: count - 1) + [size - part * .constant(count - 1)]
    }
    // Parts beyond the end are empty.
    return (0..<count).map { .constant(min(step, max(whole - $0 * step, 0))) }
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    guard let shape = x.shape else {
      return [ValueType](repeating: .tensor(x.dtype, nil), count: context.outputCount)
    }
    let axis = try normalizedAxis(axis, rank: shape.count)
    let given = context.dims(1)
    let sizes =
      context.isPresent(1) && given == nil
      ? (0..<context.outputCount).map { _ in context.fresh("split", atMost: shape[axis]) }
      : try parts(shape[axis], given, outputs: context.outputCount)
    return sizes.map { size in
      var part = shape
      part[axis] = size
      return .tensor(x.dtype, part)
    }
  }

  /// Sizes of the parts of an axis of `size`, given the second input.
  package func sizes(_ size: Int, _ given: [Int]?, outputs: Int) throws -> [Int] {
    try parts(.constant(size), given.map { Shape($0) }, outputs: outputs).compactMap(\.value)
  }

  private func maps(_ shape: [Int], _ given: [Int]?, outputs: Int) throws -> [ElementMap] {
    let axis = try normalizedAxis(axis, rank: shape.count)
    let sizes = try parts(.constant(shape[axis]), given.map { Shape($0) }, outputs: outputs).compactMap(
      \.value)
    var start = 0
    return try sizes.map { size in
      var indices = shape.map { Array(0..<$0) }
      indices[axis] = Array(start..<start + size)
      start += size
      return try ElementMap(indices: indices, of: shape)
    }
  }

  public func propagate(_ context: InferenceContext) -> [Contents?] {
    guard let contents = context.contents(0), !context.isPresent(1) || context.integers(1) != nil else {
      return []
    }
    let maps = try? maps(contents.shape, context.integers(1), outputs: context.outputCount)
    return maps.map { $0.map { $0.apply(to: contents) } } ?? []
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0)
    return try maps(x.shape, operands.optionalSizes(1), outputs: operands.outputCount).map {
      .tensor($0.apply(to: x))
    }
  }
}
