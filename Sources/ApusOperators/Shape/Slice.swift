public import ApusCore

/// A part of the tensor: inputs are the tensor, starts, ends, and optionally the axes they count along and steps.
/// ONNX Slice 1 (attributes), 10, 11, 13.
public struct Slice: Operator {
  public static var importers: [Importer] {
    [
      .onnx("Slice", since: 10) { _ in Slice() },
      .onnx("Slice", since: 1, until: 9) { node, scope in
        let starts = scope.constant(try node.require("starts", node.ints("starts")))
        let ends = scope.constant(try node.require("ends", node.ints("ends")))
        let axes = try node.ints("axes").map { scope.constant($0) }
        return try scope.add(Slice(), [node.inputs.first ?? nil, starts, ends, axes], for: node)
      },
    ]
  }

  public init() {}
  public var traits: OperatorTraits { .movesData }

  /// The axes that are cut, each once.
  private static func axes(_ given: [Int]?, count: Int, rank: Int) throws -> [Int] {
    let axes = try (given ?? Array(0..<count)).map { try normalizedAxis($0, rank: rank, attribute: "axes") }
    guard axes.count == count, Set(axes).count == count else {
      throw OperatorError(.invalidValue, "starts, ends and axes do not fit each other", attribute: "axes")
    }
    return axes
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    let (starts, ends) = (try context.tensor(1), try context.tensor(2))
    guard let shape = x.shape else { return [.tensor(x.dtype, nil)] }
    guard let count = context.dims(1)?.count ?? context.dims(2)?.count ?? context.announcedRank(1),
      !context.isPresent(3) || context.integers(3) != nil
    else { return [.tensor(x.dtype, shape.map { context.fresh("slice", atMost: $0) })] }
    guard starts.shape.map({ $0.count == 1 }) ?? true, ends.shape.map({ $0.count == 1 }) ?? true else {
      throw OperatorError(.shapeMismatch, "starts and ends must be vectors")
    }
    let axes = try Self.axes(context.integers(3), count: count, rank: shape.count)
    let steps = context.isPresent(4) ? context.integers(4) : [Int](repeating: 1, count: count)
    var result = shape
    for (index, axis) in axes.enumerated() {
      let size: Dim? =
        if let steps, index < steps.count, let first = context.dims(1), let last = context.dims(2),
          index < first.count, index < last.count
        { try SliceBounds.size(shape[axis], from: first[index], to: last[index], by: steps[index]) } else {
          nil
        }
      result[axis] = size ?? context.fresh("slice", atMost: shape[axis])
    }
    return [.tensor(x.dtype, result)]
  }

  private static func map(_ shape: [Int], _ starts: [Int], _ ends: [Int], _ axes: [Int]?, _ steps: [Int]?)
    throws
    -> ElementMap
  {
    try ElementMap(indices: indices(shape, starts, ends, axes, steps), of: shape)
  }

  /// The indices that are kept along each axis.
  package static func indices(
    _ shape: [Int], _ starts: [Int], _ ends: [Int], _ axes: [Int]?, _ steps: [Int]?
  ) throws -> [[Int]] {
    let steps = steps ?? [Int](repeating: 1, count: starts.count)
    guard starts.count == ends.count, steps.count == starts.count else {
      throw OperatorError(.invalidValue, "starts, ends and steps differ in length")
    }
    var indices = shape.map { Array(0..<$0) }
    for (index, axis) in try Self.axes(axes, count: starts.count, rank: shape.count).enumerated() {
      indices[axis] = try SliceBounds.indices(
        shape[axis], from: starts[index], to: ends[index], by: steps[index])
    }
    return indices
  }

  public func propagate(_ context: InferenceContext) -> [Contents?] {
    guard let contents = context.contents(0), let starts = context.integers(1),
      let ends = context.integers(2),
      !context.isPresent(3) || context.integers(3) != nil, !context.isPresent(4) || context.integers(4) != nil
    else { return [] }
    let map = try? Self.map(contents.shape, starts, ends, context.integers(3), context.integers(4))
    return [map?.apply(to: contents)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0)
    let map = try Self.map(
      x.shape, operands.sizes(1), operands.sizes(2), operands.optionalSizes(3), operands.optionalSizes(4))
    return [.tensor(map.apply(to: x))]
  }
}
