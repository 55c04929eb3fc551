import ApusCore

extension Tensor {
  /// Tensors of one type and shape side by side along a new axis.
  static func stacked(_ tensors: [Tensor], axis: Int = 0) throws -> Tensor {
    guard let first = tensors.first else { throw OperatorError(.invalidValue, "nothing to stack") }
    if let other = tensors.first(where: { $0.shape != first.shape || $0.dtype != first.dtype }) {
      throw OperatorError(.shapeMismatch, "elements \(first.type) and \(other.type) cannot be stacked")
    }
    let axis = try normalizedAxis(axis, rank: first.rank + 1)
    var shape = first.shape
    shape.insert(1, at: axis)
    return try Concat.join(tensors.map { $0.reshaped(shape) }, axis: axis)
  }

  /// The slice at `index` of an axis, without that axis.
  func slice(at index: Int, axis: Int) throws -> Tensor {
    var indices = shape.map { Array(0..<$0) }
    indices[axis] = [index]
    var rest = shape
    rest.remove(at: axis)
    return try ElementMap(indices: indices, of: shape).apply(to: self).reshaped(rest)
  }
}
