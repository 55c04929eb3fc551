import ApusCore

extension TensorDecoder {
  /// A sparse tensor (coordinate format, indices linear or one row a value) as a dense one.
  func decode(_ proto: Onnx_SparseTensorProto) throws(TensorFault) -> Tensor {
    let values = try decode(proto.values)
    let shape = try Self.shape(proto.dims)
    let count = shape.elementCount
    guard values.dtype != .string, values.dtype.bitWidth >= 8 else {
      throw TensorFault("sparse tensors of \(values.dtype.rawValue) are not supported")
    }
    // A few bytes of a file must not be able to ask for any amount of memory.
    guard
      values.dtype.byteCount(count)
        <= max(1 << 28, values.byteCount.multipliedReportingOverflow(by: 4096).partialValue)
    else {
      throw TensorFault("the sparse tensor is too large to be made dense", value: "\(shape)")
    }
    guard values.rank == 1 else { throw TensorFault("the values of a sparse tensor must have rank 1") }
    let positions = try linearPositions(proto, count: values.elementCount, shape: shape)
    let width = values.dtype.bitWidth / 8
    return Tensor(values.dtype, shape) { bytes in
      values.withUnsafeBytes { source in
        for (index, position) in positions.enumerated() {
          for byte in 0..<width { bytes[position * width + byte] = source[index * width + byte] }
        }
      }
    }
  }

  private func linearPositions(
    _ proto: Onnx_SparseTensorProto, count: Int, shape: [Int]
  ) throws(TensorFault) -> [Int] {
    if count == 0 { return [] }
    let indices = try decode(proto.indices)
    guard indices.dtype == .i64 else { throw TensorFault("indices of a sparse tensor must be INT64") }
    let numbers = indices.integers().map { Int($0) }
    let total = shape.elementCount
    let bad = TensorFault("indices of a sparse tensor lie outside its shape \(shape)")
    if indices.shape == [count] {
      guard numbers.allSatisfy({ $0 >= 0 && $0 < total }) else { throw bad }
      return numbers
    }
    guard indices.shape == [count, shape.count] else {
      throw TensorFault(
        "indices of a sparse tensor have the shape \(indices.shape)",
        allowed: "[\(count)] or [\(count), \(shape.count)]")
    }
    var positions: [Int] = []
    for row in 0..<count {
      var position = 0
      for (axis, size) in shape.enumerated() {
        let index = numbers[row * shape.count + axis]
        guard index >= 0 && index < size else { throw bad }
        position = position * size + index
      }
      positions.append(position)
    }
    return positions
  }
}
