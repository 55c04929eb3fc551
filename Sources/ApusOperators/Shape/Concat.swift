public import ApusCore

/// Joins tensors along `axis`. ONNX Concat 1 (`axis` defaults to 1), 4, 11, 13.
public struct Concat: Operator {
  public var axis = 0

  public static var importers: [Importer] {
    [
      .onnx("Concat", since: 4) { node in Concat(axis: try node.require("axis", node.int("axis"))) },
      .onnx("Concat", since: 1, until: 3) { node in Concat(axis: try node.int("axis", default: 1)) },
    ]
  }

  public init() {}
  public init(axis: Int) { self.axis = axis }
  public var traits: OperatorTraits { .movesData }

  static func shape(_ shapes: [Shape], axis: Int) throws -> Shape {
    guard var result = shapes.first else { throw OperatorError(.wrongInputCount, "nothing to join") }
    let axis = try normalizedAxis(axis, rank: result.count)
    for (index, shape) in shapes.enumerated().dropFirst() {
      guard shape.count == result.count else {
        throw OperatorError(
          .shapeMismatch, "input \(index) has rank \(shape.count), the first has \(result.count)")
      }
      for place in result.indices {
        result[place] =
          place == axis
          ? result[place] + shape[place]
          : try Dim.merged(
            result[place], shape[place], "sizes of input \(index) and those before at axis \(place)")
      }
    }
    return result
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let types = try context.inputs.indices.map { try context.tensor($0) }
    guard let first = types.first else { throw OperatorError(.wrongInputCount, "nothing to join") }
    if let other = types.first(where: { $0.dtype != first.dtype }) {
      throw OperatorError(
        .typeMismatch, "inputs are \(first.dtype.rawValue) and \(other.dtype.rawValue)",
        fix: "cast them to one type")
    }
    let shapes = types.compactMap(\.shape)
    guard shapes.count == types.count else {
      return [.tensor(first.dtype, shapes.first.map { context.unknownShape(rank: $0.count, "concat") })]
    }
    return [.tensor(first.dtype, try Self.shape(shapes, axis: axis))]
  }

  /// A map over the elements of all inputs in turn.
  static func map(_ shapes: [[Int]], axis: Int) throws -> ElementMap {
    let result = try shape(shapes.map { Shape($0) }, axis: axis).compactMap(\.value)
    let axis = try normalizedAxis(axis, rank: result.count)
    let inner = Array(result[(axis + 1)...]).elementCount
    return try ElementMap(shape: result) {
      var positions: [Int] = []
      positions.reserveCapacity(result.elementCount)
      for outer in 0..<Array(result[..<axis]).elementCount {
        var start = 0
        for shape in shapes {
          let run = shape[axis] * inner
          for step in 0..<run { positions.append(start + outer * run + step) }
          start += shape.elementCount
        }
      }
      return positions
    }
  }

  public func propagate(_ context: InferenceContext) -> [Contents?] {
    let parts = context.inputs.indices.compactMap { context.contents($0) }
    guard parts.count == context.inputs.count, let first = parts.first,
      parts.reduce(0, { $0 + $1.elements.count }) <= Contents.limit,
      let map = try? Self.map(parts.map(\.shape), axis: axis)
    else { return [] }
    let all = parts.flatMap(\.elements)
    return [map.apply(to: Contents(first.dtype, [all.count], all))]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    [.tensor(try Self.join(operands.tensors, axis: axis))]
  }

  static func join(_ tensors: [Tensor], axis: Int) throws -> Tensor {
    let map = try map(tensors.map(\.shape), axis: axis)
    return map.apply(to: Tensor.joined(tensors, tensors[0].dtype))
  }
}
