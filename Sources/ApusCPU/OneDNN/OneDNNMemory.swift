import ApusCore
import CApusDrivers

/// A oneDNN memory descriptor.
final class OneDNNMemory: @unchecked Sendable {
  let library: OneDNNLibrary
  let handle: OpaquePointer

  /// Dims and strides in elements; no strides: dense row-major.
  init(_ library: OneDNNLibrary, _ dtype: DType, _ dims: [Int], strides: [Int]? = nil) throws {
    self.library = library
    let sizes = dims.map { Int64($0) }
    var made: OpaquePointer?
    let status =
      if let strides {
        apus_onednn_memory_create(
          library.handle, dtype.oneDNN, Int32(dims.count), sizes, strides.map { Int64($0) }, &made)
      } else {
        apus_onednn_memory_create(library.handle, dtype.oneDNN, Int32(dims.count), sizes, nil, &made)
      }
    try OneDNNLibrary.check(status, "memory of \(dims)")
    handle = try Self.unwrap(made)
  }

  /// A placement that the primitive chooses.
  init(any library: OneDNNLibrary, _ dtype: DType, _ dims: [Int]) throws {
    self.library = library
    var made: OpaquePointer?
    let status = apus_onednn_memory_create_format(
      library.handle, dtype.oneDNN, Int32(dims.count), dims.map { Int64($0) }, APUS_ONEDNN_ANY, &made)
    try OneDNNLibrary.check(status, "memory of \(dims)")
    handle = try Self.unwrap(made)
  }

  /// A tensor as the plan places it.
  convenience init(_ library: OneDNNLibrary, _ tensor: (dtype: DType, shape: [Int]), channelsLast: Bool)
    throws
  {
    let layout: Layout = channelsLast ? .channelsLast : .rowMajor
    try self.init(library, tensor.dtype, tensor.shape, strides: layout.strides(of: tensor.shape))
  }

  deinit { apus_onednn_memory_destroy(library.handle, handle) }

  private static func unwrap(_ made: OpaquePointer?) throws -> OpaquePointer {
    guard let made else { throw ApusError(.internal, Problem(.internalError, "oneDNN made no memory")) }
    return made
  }
}

/// How a oneDNN descriptor places its elements, in a form that is stored and compared.
public struct OneDNNLayout: Codable, Sendable, Hashable {
  public var dims: [Int]
  /// Between outer blocks, in elements.
  public var strides: [Int]
  public var innerBlocks: [Int]
  /// The dimension that each inner block splits.
  public var innerDims: [Int]
  public var byteCount: Int

  /// nil for placements that only oneDNN knows.
  init?(_ library: OneDNNLibrary, _ memory: OpaquePointer) {
    var native = apus_onednn_layout()
    guard apus_onednn_memory_get_layout(library.handle, memory, &native) == APUS_ONEDNN_SUCCESS,
      native.kind == 2
    else { return nil }
    func list(_ values: some Any, _ count: Int32) -> [Int] {
      withUnsafeBytes(of: values) { bytes in
        bytes.bindMemory(to: Int64.self).prefix(Int(count)).map { Int($0) }
      }
    }
    dims = list(native.dims, native.rank)
    strides = list(native.strides, native.rank)
    innerBlocks = list(native.inner_blocks, native.inner_count)
    innerDims = list(native.inner_dims, native.inner_count)
    byteCount = Int(native.bytes)
  }

  /// Where an element lies, in elements.
  func offset(of index: [Int]) -> Int {
    var (place, offset, step) = (index, 0, 1)
    for (block, dim) in zip(innerBlocks, innerDims).reversed() {
      offset += place[dim] % block * step
      place[dim] /= block
      step *= block
    }
    return zip(place, strides).reduce(offset) { $0 + $1.0 * $1.1 }
  }

  /// The elements in row-major order; `packed` holds at least `byteCount` bytes.
  func unpacked(_ packed: UnsafeRawPointer, _ dtype: DType) -> Tensor {
    let width = dtype.bitWidth / 8
    return Tensor(dtype, dims) { target in
      var position = 0
      forEachIndex(dims) { index in
        let source = packed + offset(of: index) * width
        for byte in 0..<width { target[position + byte] = source.load(fromByteOffset: byte, as: UInt8.self) }
        position += width
      }
    }
  }

  /// Whether the description fits a tensor of `count` elements and cannot lead outside of `byteCount`.
  func isSound(_ dtype: DType, dims wanted: [Int]) -> Bool {
    guard dims == wanted, strides.count == dims.count, innerBlocks.count == innerDims.count,
      dims.allSatisfy({ $0 > 0 }), strides.allSatisfy({ $0 >= 0 }),
      zip(innerBlocks, innerDims).allSatisfy({ $0 > 0 && dims.indices.contains($1) })
    else { return false }
    var largest = 0
    for axis in dims.indices {
      let block = zip(innerBlocks, innerDims).reduce(1) { $1.1 == axis ? $0 * $1.0 : $0 }
      largest += (dims[axis] - 1) / block * strides[axis]
    }
    largest += innerBlocks.reduce(1, *) - 1
    return (largest + 1) * (dtype.bitWidth / 8) <= byteCount
  }
}
