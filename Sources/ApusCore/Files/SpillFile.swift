internal import Glibc

/// A nameless temporary file that bytes are moved to from memory; they stay where they are mapped, and are read again
/// when they are touched. It goes with the last mapping.
public final class SpillFile {
  private let descriptor: Int32
  private var end = 0

  /// In `folder`, else in the folder that TMPDIR names, else in /tmp; nil where no file can be made.
  public init?(folder: String? = nil) {
    let place = folder ?? getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(place)/apus-XXXXXX".utf8CString)
    descriptor = mkstemp(&template)
    guard descriptor >= 0 else { return nil }
    unlink(template)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  }

  deinit { close(descriptor) }

  /// Writes whole pages and maps them over themselves, read only. False where that fails: the bytes stay in memory.
  func replace(_ pages: UnsafeRawBufferPointer) -> Bool {
    let (start, page) = (end, Int(getpagesize()))
    var written = 0
    while written < pages.count {
      let rest = UnsafeRawBufferPointer(rebasing: pages[written...])
      let count = pwrite(descriptor, rest.baseAddress, min(rest.count, 1 << 30), off_t(start + written))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      written += count
    }
    end += (pages.count + page - 1) / page * page
    let address = UnsafeMutableRawPointer(mutating: pages.baseAddress)
    let mapped = mmap(address, pages.count, PROT_READ, MAP_SHARED | MAP_FIXED, descriptor, off_t(start))
    return mapped != MAP_FAILED
  }
}
