import ApusCore

/// An index counted from the end when negative; throws when it is outside the axis.
func checkedIndex(_ index: Int64, size: Int) throws -> Int {
  guard index >= -Int64(size), index < Int64(size) else {
    throw OperatorError(
      .invalidValue, "index \(index) is outside an axis of size \(size)", value: String(index),
      allowed: size > 0 ? "\(-size)...\(size - 1)" : "none")
  }
  return Int(index) + (index < 0 ? size : 0)
}

extension InferenceContext {
  /// The type of an input of indices; throws unless it holds INT32 or INT64.
  func indexTensor(_ index: Int) throws -> TensorType {
    let type = try tensor(index)
    guard type.dtype == .i64 || type.dtype == .i32 else {
      throw OperatorError(
        .typeMismatch, "indices are \(type.dtype.rawValue)", allowed: "i32, i64", fix: "cast them to INT64")
    }
    return type
  }
}
