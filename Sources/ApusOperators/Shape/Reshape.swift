public import ApusCore

/// The same elements under another shape: `-1` stands for what is left, `0` copies the input's size unless
/// `allowZero`. ONNX Reshape 1 (attribute), 5, 13, 14, 19, 21, 23.
public struct Reshape: ShapeRelabelling {
  public var allowZero = false

  public static var importers: [Importer] {
    [
      .onnx("Reshape", since: 5) { node in Reshape(allowZero: try node.bool("allowzero", default: false)) },
      .onnx("Reshape", since: 1, until: 4) { node, scope in
        let shape = scope.constant(try node.require("shape", node.ints("shape")))
        return try scope.add(Reshape(), [node.inputs.first ?? nil, shape], for: node)
      },
    ]
  }

  public init() {}
  public init(allowZero: Bool) { self.allowZero = allowZero }

  public var traits: OperatorTraits { .movesData }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let (x, wanted) = (try context.tensor(0), try context.tensor(1))
    try Self.checkSizes(wanted.dtype, rank: wanted.rank)
    guard let dims = context.dims(1) else {
      guard let rank = context.announcedRank(1) else { return [.tensor(x.dtype, nil)] }
      return [.tensor(x.dtype, context.unknownShape(rank: rank, "reshape"))]
    }
    return [.tensor(x.dtype, try Self.resolve(dims, input: x.shape, allowZero: allowZero))]
  }

  private static func checkSizes(_ dtype: DType, rank: Int?) throws {
    try ElementTypes.integers.check(dtype, "the new shape")
    guard rank ?? 1 == 1 else { throw OperatorError(.shapeMismatch, "the new shape is no vector") }
  }

  /// The output shape; nil when it depends on an unknown input shape.
  static func resolve(_ wanted: [Dim], input: Shape?, allowZero: Bool) throws -> Shape? {
    var shape = wanted
    for (axis, dim) in wanted.enumerated() where dim == 0 && !allowZero {
      guard let input else { return nil }
      guard axis < input.count else {
        throw OperatorError(
          .shapeMismatch, "size 0 at axis \(axis) copies an axis that the input does not have")
      }
      shape[axis] = input[axis]
    }
    let inferred = shape.indices.filter { shape[$0] == -1 }
    if let size = shape.compactMap(\.value).first(where: { $0 < -1 }) {
      throw OperatorError(
        .invalidValue, "a size of the new shape is below -1", value: String(size), allowed: "-1 and more")
    }
    guard inferred.count <= 1 else { throw OperatorError(.invalidValue, "more than one -1 in the new shape") }
    guard let input else { return inferred.isEmpty ? shape : nil }
    let total = input.elementCount
    if let axis = inferred.first {
      shape[axis] = 1
      let known = shape.elementCount
      if let known = known.value, known == 0 {
        shape[axis] = 0
      } else {
        if let total = total.value, let known = known.value, total % known != 0 {
          throw mismatch(input, wanted)
        }
        shape[axis] = total.floorDiv(known)
      }
    } else if let total = total.value, let count = shape.elementCount.value, total != count {
      throw mismatch(input, wanted)
    }
    return shape
  }

  private static func mismatch(_ input: Shape, _ wanted: [Dim]) -> OperatorError {
    OperatorError(
      .shapeMismatch,
      "[\(input.map(\.description).joined(separator: ","))] cannot be reshaped to [\(wanted.map(\.description).joined(separator: ","))]",
      fix: "the number of elements must stay the same; a batch size fixed at export is the usual cause")
  }

  public func propagate(_ context: InferenceContext) -> [Contents?] {
    guard let contents = context.contents(0), let dims = context.dims(1),
      let shape = try? Self.resolve(dims, input: Shape(contents.shape), allowZero: allowZero)
    else { return [] }
    let sizes = shape.compactMap(\.value)
    guard sizes.count == shape.count else { return [] }
    return [Contents(contents.dtype, sizes, contents.elements)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (x, wanted) = (try operands.tensor(0), try operands.tensor(1))
    try Self.checkSizes(wanted.dtype, rank: wanted.rank)
    let dims = wanted.integers().map { Dim.constant(Int($0)) }
    let shape = try Self.resolve(dims, input: Shape(x.shape), allowZero: allowZero) ?? []
    return [.tensor(x.reshaped(shape.compactMap(\.value)))]
  }
}
