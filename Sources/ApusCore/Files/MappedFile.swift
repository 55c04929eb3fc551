import Glibc

/// A file mapped for reading: its bytes are paged in when touched and never copied.
///
/// The mapping is private; a file that shrinks while it is mapped is the one thing that is not caught.
public final class MappedFile: @unchecked Sendable {
  public let path: String
  /// Valid as long as this object lives; unaligned offsets are the rule.
  public let bytes: UnsafeRawBufferPointer

  /// Maps a regular file. Throws `missing-file` when it is absent, unreadable or no regular file.
  public init(path: String) throws {
    self.path = path
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw MappedFile.failure(path, String(cString: strerror(errno))) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw MappedFile.failure(path, String(cString: strerror(errno)))
    }
    guard status.st_mode & S_IFMT == S_IFREG else { throw MappedFile.failure(path, "not a regular file") }
    let size = Int(status.st_size)
    guard size > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let base = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else {
      throw MappedFile.failure(path, "cannot be mapped: \(String(cString: strerror(errno)))")
    }
    bytes = UnsafeRawBufferPointer(start: base, count: size)
  }

  /// The whole file as storage of tensors; it keeps the mapping alive.
  public func storage() -> TensorStorage { TensorStorage(viewing: bytes, owner: self) }

  /// Gives the pages' memory back; they are read again when they are touched.
  func releasePages() {
    if let base = bytes.baseAddress {
      madvise(UnsafeMutableRawPointer(mutating: base), bytes.count, MADV_DONTNEED)
    }
  }

  private static func failure(_ path: String, _ reason: String) -> ApusError {
    ApusError(
      .missingFile,
      Problem(.fileMissing, reason, file: path, fix: "check the path and that the file may be read"))
  }

  deinit {
    if let base = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: base), bytes.count) }
  }
}
