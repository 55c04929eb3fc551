import Glibc
import Synchronization

/// Bytes of a tensor: owned, or a view into memory that somebody else keeps alive (a mapped file, another tensor).
///
/// Immutable once shared, which is why it may cross threads.
public final class TensorStorage: @unchecked Sendable {
  /// May be unaligned: views into files start anywhere.
  public let base: UnsafeRawPointer
  public let byteCount: Int
  private let memory: Memory
  /// Whether a spill file backs the pages.
  private let isSpilled = Atomic(false)

  private enum Memory {
    case view(owner: AnyObject?)
    case heap(UnsafeMutableRawPointer)
    case pages(UnsafeMutableRawPointer)
  }

  /// From here on memory comes from the system and goes back to it at once: weights come and go while a model is
  /// built, and the heap would keep their room.
  private static let pagesFrom = 1 << 20

  /// Zeroed memory, aligned to 64 bytes, filled in by `initialize`.
  public init(byteCount: Int, initialize: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
    memory = Self.zeroed(max(byteCount, 1))
    self.byteCount = byteCount
    switch memory {
    case .heap(let address), .pages(let address):
      base = UnsafeRawPointer(address)
      try initialize(UnsafeMutableRawBufferPointer(start: address, count: byteCount))
    case .view: base = TensorStorage.empty.base
    }
  }

  /// A view; `owner` keeps the memory alive.
  public init(viewing bytes: UnsafeRawBufferPointer, owner: AnyObject?) {
    memory = .view(owner: owner)
    base = bytes.baseAddress ?? TensorStorage.empty.base
    byteCount = bytes.count
  }

  /// Stands for the memory of tensors without elements.
  private static let empty = TensorStorage(byteCount: 0) { _ in }

  private static func zeroed(_ byteCount: Int) -> Memory {
    if byteCount >= pagesFrom,
      let pages = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      pages != MAP_FAILED
    {
      return .pages(pages)
    }
    let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    return .heap(memory)
  }

  /// Gives up the memory of bytes that a file backs; they are read again when they are touched. Nothing happens to
  /// other bytes.
  public func releasePages() {
    switch memory {
    case .view(let owner): (owner as? MappedFile)?.releasePages()
    case .pages(let address):
      if isSpilled.load(ordering: .acquiring) { madvise(address, byteCount, MADV_DONTNEED) }
    case .heap: break
    }
  }

  /// Moves large contents that only memory holds into a file, at the same address; small ones stay.
  public func spill(into file: SpillFile) {
    guard case .pages(let address) = memory, !isSpilled.load(ordering: .acquiring) else { return }
    guard file.replace(UnsafeRawBufferPointer(start: address, count: byteCount)) else { return }
    isSpilled.store(true, ordering: .releasing)
  }

  deinit {
    switch memory {
    case .view: break
    case .heap(let address): address.deallocate()
    case .pages(let address): munmap(address, byteCount)
    }
  }
}
