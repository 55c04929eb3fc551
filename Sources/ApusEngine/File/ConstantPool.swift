public import ApusCore

/// Constants gathered for one section of an engine; tensors are referenced, not copied.
public final class ConstantPool: ConstantStore, @unchecked Sendable {
  public let section: String
  public private(set) var tensors: [Tensor] = []
  private var offsets: [Int] = []
  private var known: [Identity: Int] = [:]
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

  /// Adds a tensor's bytes, once for each piece of memory.
  public func add(_ tensor: Tensor) -> ConstantReference {
    let identity = Identity(
      storage: ObjectIdentifier(tensor.storage), offset: tensor.byteOffset, byteCount: tensor.byteCount)
    let index: Int
    if let found = known[identity] {
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

  public func bytes(_ reference: ConstantReference) throws -> UnsafeRawBufferPointer {
    guard reference.section == section else {
      if let fallback { return try fallback.bytes(reference) }
      throw ApusError(
        .internal, Problem(.internalError, "constants of section '\(reference.section)' are not there"))
    }
    guard let index = offsets.firstIndex(of: reference.offset) else {
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
