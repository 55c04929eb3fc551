import ApusCore
import ApusEngine
import CApusKernels

/// What kernels of GatherElements and ScatterElements share.
enum IndexedElements {
  /// Extents for the C kernels; throws when indices reach beyond the data.
  static func native(_ data: TensorDescriptor, _ indices: TensorDescriptor, axis: Int) throws
    -> apus_index_elements
  {
    let axis = try normalizedAxis(axis, rank: data.shape.count)
    let fits = data.shape.indices.allSatisfy { place in
      place == axis || (place < indices.shape.count && indices.shape[place] <= data.shape[place])
    }
    guard indices.shape.count == data.shape.count, data.shape.count <= Int(APUS_INDEX_RANK), fits else {
      throw IndexFailure.shapes("indices \(indices.shape) reach further than the data \(data.shape)")
    }
    var native = apus_index_elements()
    native.rank = Int32(data.shape.count)
    native.axis = Int32(axis)
    native.index_type = indices.dtype.element
    native.element_bytes = Int32(data.dtype.bitWidth / 8)
    withUnsafeMutableBytes(of: &native.data) { store(data.shape, $0) }
    withUnsafeMutableBytes(of: &native.indices) { store(indices.shape, $0) }
    return native
  }

  /// Writes extents to an array of C.
  static func store(_ extents: [Int], _ to: UnsafeMutableRawBufferPointer) {
    for (place, extent) in extents.enumerated() {
      to.storeBytes(of: extent, toByteOffset: place * 8, as: Int.self)
    }
  }
}

/// What kernels of GatherND and ScatterND share.
enum IndexedSlices {
  /// Extents for the C kernels; throws when tuples do not fit the data.
  static func native(_ data: TensorDescriptor, _ indices: TensorDescriptor, batchDims: Int = 0) throws
    -> apus_index_tuples
  {
    let tuple = indices.shape.last ?? 0
    guard batchDims < max(indices.shape.count, 1), batchDims + tuple <= data.shape.count,
      tuple <= Int(APUS_INDEX_RANK),
      Array(data.shape[..<batchDims]) == Array(indices.shape[..<batchDims])
    else {
      throw IndexFailure.shapes("tuples \(indices.shape) do not fit the data \(data.shape)")
    }
    var native = apus_index_tuples()
    native.count = indices.shape.dropLast().reduce(1, *)
    native.batch_count = indices.shape.dropLast().dropFirst(batchDims).reduce(1, *)
    native.tuple = Int32(tuple)
    native.index_type = indices.dtype.element
    native.slice = data.shape[(batchDims + tuple)...].reduce(1, *)
    native.element_bytes = data.dtype.bitWidth / 8
    native.data_count = data.elementCount
    let extents = Array(data.shape[batchDims..<batchDims + tuple])
    withUnsafeMutableBytes(of: &native.extents) { IndexedElements.store(extents, $0) }
    return native
  }
}

/// Errors of kernels that follow indices.
enum IndexFailure {
  static func shapes(_ message: String) -> ApusError {
    ApusError(.invalidInput, Problem(.shapeMismatch, message))
  }

  /// The index at `position` is outside.
  static func outside(
    _ indices: UnsafeRawPointer?, _ dtype: DType, _ position: Int, extent: Int, operator name: String
  ) -> ApusError {
    guard let indices else { return shapes("no indices") }
    let index =
      dtype == .i64
      ? Int(indices.loadUnaligned(fromByteOffset: position * 8, as: Int64.self))
      : Int(indices.loadUnaligned(fromByteOffset: position * 4, as: Int32.self))
    return outside(index, extent: extent, operator: name)
  }

  static func outside(_ index: Int, extent: Int, operator name: String) -> ApusError {
    ApusError(
      .invalidInput,
      Problem(
        .invalidValue, "index \(index) is outside an axis of size \(extent)", operator: name,
        value: String(index), allowed: extent > 0 ? "\(-extent)...\(extent - 1)" : "none"))
  }
}
