public import ApusCore

/// Positions of the elements that are not zero, one column each, in row-major order: `[rank, count]`.
/// ONNX NonZero 9, 13.
public struct NonZero: Operator {
  public static var importers: [Importer] { [.onnx("NonZero", since: 9) { _ in NonZero() }] }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    let count = context.fresh("nonzero", atMost: x.shape.map { $0.elementCount })
    // A scalar counts as a vector of one element.
    return [.tensor(.i64, [x.rank.map { .constant(max($0, 1)) } ?? context.fresh("rank"), count])]
  }

  private static func isSet(_ x: Tensor) -> [Bool] {
    if x.dtype == .string { return x.strings.map { !$0.isEmpty } }
    if x.dtype.isComplex { return x.complex().map { $0.real != 0 || $0.imaginary != 0 } }
    return x.dtype.isFloat ? x.doubles().map { $0 != 0 } : x.integers().map { $0 != 0 }
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0)
    let places = Self.isSet(x).enumerated().filter(\.element).map(\.offset)
    let shape = x.rank == 0 ? [1] : x.shape
    let rows = zip(shape, shape.rowMajorStrides).flatMap { size, stride in
      places.map { Int64($0 / stride % size) }
    }
    return [.tensor(Tensor(rows, shape: [shape.count, places.count]))]
  }
}
