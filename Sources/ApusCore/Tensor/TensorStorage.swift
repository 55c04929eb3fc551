/// Bytes of a tensor: owned, or a view into memory that somebody else keeps alive (a mapped file, another tensor).
///
/// Immutable once shared, which is why it may cross threads.
public final class TensorStorage: @unchecked Sendable {
  /// May be unaligned: views into files start anywhere.
  public let base: UnsafeRawPointer
  public let byteCount: Int
  private let owner: AnyObject?
  private let owned: UnsafeMutableRawPointer?

  /// Zeroed memory, aligned to 64 bytes, filled in by `initialize`.
  public init(byteCount: Int, initialize: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: max(byteCount, 1), alignment: 64)
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: max(byteCount, 1))
    owned = memory
    owner = nil
    base = UnsafeRawPointer(memory)
    self.byteCount = byteCount
    try initialize(UnsafeMutableRawBufferPointer(start: memory, count: byteCount))
  }

  /// A view; `owner` keeps the memory alive.
  public init(viewing bytes: UnsafeRawBufferPointer, owner: AnyObject?) {
    owned = nil
    self.owner = owner
    base = bytes.baseAddress ?? TensorStorage.empty.base
    byteCount = bytes.count
  }

  /// Stands for the memory of tensors without elements.
  private static let empty = TensorStorage(byteCount: 0) { _ in }

  deinit { owned?.deallocate() }
}
