import ApusCore
import CApusDrivers
import Synchronization

/// Packed weights of a oneDNN kernel, in the placement of the engine and in those that other shapes ask for.
final class OneDNNWeights: Sendable {
  private let packed: ConstantBytes
  private let layout: OneDNNLayout
  private let dtype: DType
  private let others = Mutex<[OneDNNLayout: Tensor]>([:])

  init(_ packed: ConstantBytes, _ layout: OneDNNLayout, _ dtype: DType, dims: [Int]) throws {
    guard layout.isSound(dtype, dims: dims), packed.byteCount >= layout.byteCount else {
      throw ApusError(.invalidModel, Problem(.engineDamaged, "packed oneDNN weights do not fit their sizes"))
    }
    (self.packed, self.layout, self.dtype) = (packed, layout, dtype)
  }

  /// The weights in row-major order.
  func plain() -> Tensor { packed.base.map { layout.unpacked($0, dtype) } ?? Tensor(dtype, layout.dims) }

  /// Where the weights lie as a primitive wants them, and what keeps that memory alive.
  func bytes(for primitive: OneDNNPrimitive) throws -> (UnsafeRawPointer?, owner: Tensor?) {
    let wanted = try primitive.memory(APUS_ONEDNN_WEIGHTS)
    let target = OneDNNLayout(primitive.library, wanted)
    if target == layout { return (packed.base, nil) }
    let tensor = try others.withLock { others in
      if let target, let found = others[target] { return found }
      let made = try Self.pack(plain(), as: wanted, primitive.library)
      if let target { others[target] = made }
      return made
    }
    return (tensor.storage.base + tensor.byteOffset, tensor)
  }

  /// The bytes of row-major `weights` in another placement.
  static func pack(_ weights: Tensor, as memory: OpaquePointer, _ library: OneDNNLibrary) throws -> Tensor {
    let source = try OneDNNMemory(library, weights.dtype, weights.shape)
    return try Tensor(.u8, [apus_onednn_memory_bytes(library.handle, memory)]) { target in
      try weights.withUnsafeBytes { bytes in
        guard let from = bytes.baseAddress, let to = target.baseAddress else { return }
        try OneDNNLibrary.check(
          apus_onednn_reorder(library.handle, source.handle, from, memory, to, nil), "packing weights")
      }
    }
  }
}

/// Primitives by the sizes they were made for.
final class OneDNNPrimitives<Key: Hashable & Sendable>: Sendable {
  private let made = Mutex<[Key: OneDNNPrimitive]>([:])

  func primitive(_ key: Key, _ make: () throws -> OneDNNPrimitive) throws -> OneDNNPrimitive {
    try made.withLock { made in
      if let found = made[key] { return found }
      let primitive = try make()
      made[key] = primitive
      return primitive
    }
  }
}
