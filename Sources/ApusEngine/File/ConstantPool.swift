public import ApusCore
import Glibc

/// Constants gathered for one section of an engine; tensors are referenced, not copied.
public final class ConstantPool: ConstantStore, @unchecked Sendable {
  public let section: String
  public private(set) var tensors: [Tensor] = []
  private var offsets: [Int] = []
  private var known: [Identity: Int] = [:]
  /// Tensors of some size by their contents: weights that several nodes share are packed alike.
  private var alike: [XXH3.Hash128: Int] = [:]
  /// Bytes of the section so far.
  public private(set) var byteCount = 0
  /// Constants of other sections are found there.
  private let fallback: (any ConstantStore)?

  private struct Identity: Hashable {
    let storage: ObjectIdentifier
    let offset: Int
    let byteCount: Int
  }

  public init(section: String, fallback: (any ConstantStore)? = nil) {
    self.section = section
    self.fallback = fallback
  }

  /// Adds a tensor's bytes, once for each piece of memory and for equal contents of some size.
  public func add(_ tensor: Tensor) -> ConstantReference {
    let identity = Identity(
      storage: ObjectIdentifier(tensor.storage), offset: tensor.byteOffset, byteCount: tensor.byteCount)
    let index: Int
    if let found = known[identity] ?? equal(to: tensor) {
      index = found
    } else {
      index = tensors.count
      known[identity] = index
      let offset = EngineFormat.aligned(byteCount, to: EngineFormat.tensorAlignment)
      tensors.append(tensor)
      offsets.append(offset)
      byteCount = offset + tensor.byteCount
    }
    return ConstantReference(section: section, offset: offsets[index], byteCount: tensor.byteCount)
  }

  /// Place of a tensor with the same bytes; the next place is remembered for this one where there is none.
  private func equal(to tensor: Tensor) -> Int? {
    guard tensor.byteCount >= 4096 else { return nil }
    let hash = tensor.withUnsafeBytes { XXH3.hash128($0) }
    guard let index = alike[hash] else {
      alike[hash] = tensors.count
      return nil
    }
    let isEqual = tensor.withUnsafeBytes { bytes in
      tensors[index].withUnsafeBytes { known in
        guard known.count == bytes.count, let a = known.baseAddress, let b = bytes.baseAddress else {
          return false
        }
        return memcmp(a, b, bytes.count) == 0
      }
    }
    return isEqual ? index : nil
  }

  public func bytes(_ reference: ConstantReference) throws -> UnsafeRawBufferPointer {
    guard reference.section == section else {
      if let fallback { return try fallback.bytes(reference) }
      throw ApusError(
        .internal, Problem(.internalError, "constants of section '\(reference.section)' are not there"))
    }
    // An empty constant takes no room: the next one lies at the same offset.
    let index = offsets.indices.first {
      offsets[$0] == reference.offset && tensors[$0].byteCount == reference.byteCount
    }
    guard let index else {
      throw ApusError(.internal, Problem(.internalError, "no constant at offset \(reference.offset)"))
    }
    let tensor = tensors[index]
    return UnsafeRawBufferPointer(start: tensor.storage.base + tensor.byteOffset, count: reference.byteCount)
  }

  /// Hands out the section's bytes in order, padding included.
  func forEachPiece(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    let padding = [UInt8](repeating: 0, count: EngineFormat.tensorAlignment)
    var position = 0
    for (tensor, offset) in zip(tensors, offsets) {
      try padding.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[..<(offset - position)])) }
      try tensor.withUnsafeBytes(body)
      tensor.storage.releasePages()
      position = offset + tensor.byteCount
    }
  }
}
