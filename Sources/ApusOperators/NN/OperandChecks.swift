import ApusCore

extension InferenceContext {
  /// The tensor type at `index`, which must be a float of at least sixteen bits.
  func floating(_ index: Int) throws -> TensorType {
    let type = try tensor(index)
    guard type.dtype.isFloat, !type.dtype.isMiniFloat else {
      throw OperatorError(
        .unsupportedType, "input \(index) is \(type.dtype.rawValue)", value: type.dtype.rawValue,
        allowed: "f16, bf16, f32, f64", fix: "cast the input to a float type")
    }
    return type
  }

  /// Throws unless the input at `index` is absent or of `dtype`.
  func expect(_ dtype: DType, at index: Int) throws {
    guard let type = optional(index), type.dtype != dtype else { return }
    throw OperatorError(
      .typeMismatch, "input \(index) is \(type.dtype.rawValue), the first input decides on \(dtype.rawValue)",
      value: type.dtype.rawValue, allowed: dtype.rawValue, fix: "cast one to the other's type")
  }

  /// The shape at `index` when known; throws when its rank is not in `ranks`.
  func shape(_ index: Int, rank ranks: ClosedRange<Int>) throws -> Shape? {
    guard let shape = optional(index)?.shape else { return nil }
    try expectRank(shape.count, in: ranks, of: index)
    return shape
  }
}

extension Operands {
  /// The tensor at `index`; throws when its rank is not in `ranks`.
  func tensor(_ index: Int, rank ranks: ClosedRange<Int>) throws -> Tensor {
    let tensor = try tensor(index)
    try expectRank(tensor.rank, in: ranks, of: index)
    return tensor
  }
}

private func expectRank(_ rank: Int, in ranks: ClosedRange<Int>, of index: Int) throws {
  guard !ranks.contains(rank) else { return }
  let low = ranks.lowerBound
  let allowed = ranks.upperBound == .max ? "\(low) or more" : low == ranks.upperBound ? "\(low)" : "\(ranks)"
  throw OperatorError(
    .shapeMismatch, "input \(index) has rank \(rank)", value: String(rank), allowed: allowed)
}

/// The dimension that `a` and `b` both stand for, the more exact of the two; throws when they are different integers.
func unified(_ a: Dim, _ b: Dim, _ what: @autoclosure () -> String) throws -> Dim {
  guard a != b else { return a }
  if let x = a.value {
    guard let y = b.value else { return a }
    throw OperatorError(.shapeMismatch, "\(what()): \(x) against \(y)")
  }
  return b
}

/// Throws `shapeMismatch` with `message` unless `condition` holds.
func require(_ condition: Bool, _ message: @autoclosure () -> String, fix: String? = nil) throws {
  guard condition else { throw OperatorError(.shapeMismatch, message(), fix: fix) }
}

/// Throws `invalidAttribute` unless `condition` holds.
func require(_ condition: Bool, attribute: String, value: some CustomStringConvertible, allowed: String)
  throws
{
  guard condition else {
    throw OperatorError(
      .invalidAttribute, "attribute '\(attribute)' is \(value)", attribute: attribute,
      value: value.description, allowed: allowed)
  }
}

extension Dim {
  /// Whether the dimension may be `size`: it is that number or a symbol.
  func mayBe(_ size: Int) -> Bool { value.map { $0 == size } ?? true }
}
