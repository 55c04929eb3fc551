package import ApusCore

/// A reduction as devices see it.
package protocol ReductionOperator: Operator {
  /// The reduced axes among `rank`, given the axes input.
  func reducedAxes(_ axes: [Int], rank: Int) throws -> Set<Int>
}

/// An operator that combines all elements along some axes: the optional input 1, by default all.
protocol Reduction: ReductionOperator {
  /// Whether reduced axes stay, with size 1.
  var keepDims: Bool { get set }
  /// Whether no axes mean none instead of all.
  var noopWithEmptyAxes: Bool { get set }
  static var elementTypes: ElementTypes { get }
  func reduce(_ group: ReductionWalk.Group<Double>) -> Double
  /// On integers, wrapping; `unsigned` says that the 64 bits are a UInt64.
  func reduce(_ group: ReductionWalk.Group<Int64>, unsigned: Bool) -> Int64
  /// For shape arithmetic; nil where the result is no rational expression.
  func combine(_ a: Contents.Element, _ b: Contents.Element) -> Contents.Element?
}

extension Reduction {
  public static var elementTypes: ElementTypes { .numbers }
  public func combine(_ a: Contents.Element, _ b: Contents.Element) -> Contents.Element? { nil }

  /// Through double precision, cut towards zero.
  public func reduce(_ group: ReductionWalk.Group<Int64>, unsigned: Bool) -> Int64 {
    let numbers = group.map { unsigned ? Double(UInt64(bitPattern: $0)) : Double($0) }
    let all = Array(0..<numbers.count)
    let result = numbers.withUnsafeBufferPointer { base in
      all.withUnsafeBufferPointer { reduce(ReductionWalk.Group(base: base, start: 0, offsets: $0)) }
    }
    return Tensor(doubles: [result], .i64, [1]).integers()[0]
  }

  /// `axes` is an input since opset `axesInputSince`, before that an attribute.
  static func importers(axesInputSince: Int) -> [Importer] {
    [
      .onnx(name, since: axesInputSince) { node in
        var op = Self()
        op.keepDims = try node.bool("keepdims", default: true)
        op.noopWithEmptyAxes = try node.bool("noop_with_empty_axes", default: false)
        return op
      },
      .onnx(name, since: 1, until: axesInputSince - 1) { node, scope in
        var op = Self()
        op.keepDims = try node.bool("keepdims", default: true)
        let axes = try node.ints("axes").map { scope.constant($0) }
        return try scope.add(op, [node.inputs.first ?? nil, axes], for: node)
      },
    ]
  }

  /// The reduced axes among `rank`, given the axes input.
  package func reducedAxes(_ axes: [Int], rank: Int) throws -> Set<Int> {
    if axes.isEmpty { return noopWithEmptyAxes ? [] : Set(0..<rank) }
    return Set(try axes.map { try normalizedAxis($0, rank: rank, attribute: "axes") })
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    try Self.elementTypes.check(x.dtype)
    guard let shape = x.shape else { return [.tensor(x.dtype, nil)] }
    guard !context.isPresent(1) || context.integers(1) != nil else {
      return [.tensor(x.dtype, unknownAxes(shape, context))]
    }
    let axes = try reducedAxes(context.integers(1) ?? [], rank: shape.count)
    let kept = shape.indices.compactMap { axis in
      axes.contains(axis) ? (keepDims ? 1 : nil) : shape[axis]
    }
    return [.tensor(x.dtype, kept)]
  }

  /// The shape while the axes themselves are computed.
  private func unknownAxes(_ shape: Shape, _ context: InferenceContext) -> Shape? {
    if keepDims { return shape.map { context.fresh("reduced", atMost: $0) } }
    guard let count = context.optional(1)?.shape?.first?.value, count > 0, count <= shape.count else {
      return nil
    }
    return (0..<shape.count - count).map { _ in context.fresh("reduced") }
  }

  public func propagate(_ context: InferenceContext) -> [Contents?] {
    guard let x = context.contents(0), !context.isPresent(1) || context.integers(1) != nil,
      let axes = try? reducedAxes(context.integers(1) ?? [], rank: x.shape.count)
    else { return [] }
    let walk = ReductionWalk(x.shape, axes: axes)
    let elements = walk.map(x.elements) { group -> Contents.Element? in
      guard let first = group.first else { return nil }
      return group.dropFirst().reduce(first) { sum, next in sum.flatMap { combine($0, next) } }
    }.compactMap { $0 }
    guard elements.count == walk.starts.count else { return evaluatedContents(context) }
    return [Contents(x.dtype, keepDims ? walk.keptShape : walk.squeezedShape, elements)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0, Self.elementTypes)
    let axes = try reducedAxes((operands.optional(1)?.integers() ?? []).map { Int($0) }, rank: x.rank)
    let walk = ReductionWalk(x.shape, axes: axes)
    let shape = keepDims ? walk.keptShape : walk.squeezedShape
    if x.dtype.isInteger {
      let unsigned = x.dtype.isUnsignedInteger
      var results = walk.map(x.integers()) { reduce($0, unsigned: unsigned) }
      if walk.offsets.isEmpty, x.dtype != .u64, let range = x.dtype.integerRange {
        results = results.map { min(max($0, range.lowerBound), range.upperBound) }
      }
      return [.tensor(Tensor(integers: results, x.dtype, shape))]
    }
    let results = walk.map(x.doubles()) { reduce($0) }
    if x.dtype == .bool { return [.tensor(Tensor(results.map { $0 > 0 }, shape: shape))] }
    return [.tensor(Tensor(doubles: results, x.dtype, shape))]
  }
}
