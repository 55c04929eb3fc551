internal import Glibc

/// A file that appears whole or not at all: written beside its place, then renamed onto it.
///
/// Without `commit` nothing remains. A device or pipe (`/dev/stdout`) is written directly. Serves one caller at a time.
public final class AtomicFile {
  public let path: String
  /// Bytes written so far.
  public private(set) var byteCount = 0
  private let target: String
  private let temporary: String?
  private var descriptor: Int32

  public init(_ path: String) throws {
    self.path = path
    var status = stat()
    let exists = stat(path, &status) == 0
    if exists && status.st_mode & S_IFMT != S_IFREG {
      target = path
      temporary = nil
      descriptor = open(path, O_WRONLY | O_CLOEXEC)
    } else {
      // A symbolic link keeps being one: what it points at is replaced.
      target = exists ? AtomicFile.resolved(path) : path
      let suffix = String(UInt64.random(in: .min ... .max), radix: 36)
      let name = "\(target).\(suffix).part"
      temporary = name
      descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0, exists { fchmod(descriptor, status.st_mode & 0o7777) }
    }
    guard descriptor >= 0 else { throw AtomicFile.unwritable(path, errno) }
  }

  deinit { abandon() }

  public func write(_ bytes: UnsafeRawBufferPointer) throws {
    var offset = 0
    while offset < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
      let count = Glibc.write(descriptor, rest.baseAddress, min(rest.count, 1 << 30))
      if count < 0 {
        if errno == EINTR { continue }
        throw AtomicFile.unwritable(path, errno)
      }
      offset += count
    }
    byteCount += bytes.count
  }

  public func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

  /// Puts the file in its place; `durable` also waits until the disk has it.
  public func commit(durable: Bool = false) throws {
    if durable, temporary != nil, fsync(descriptor) != 0 { throw AtomicFile.unwritable(path, errno) }
    let closed = close(descriptor)
    descriptor = -1
    guard closed == 0 else {
      let code = errno
      if let temporary { unlink(temporary) }
      throw AtomicFile.unwritable(path, code)
    }
    guard let temporary, rename(temporary, target) != 0 else { return }
    let code = errno
    unlink(temporary)
    throw AtomicFile.unwritable(path, code)
  }

  /// Writes `bytes` as a whole file.
  public static func write(_ bytes: [UInt8], to path: String, durable: Bool = false) throws {
    let file = try AtomicFile(path)
    try file.write(bytes)
    try file.commit(durable: durable)
  }

  private func abandon() {
    guard descriptor >= 0 else { return }
    close(descriptor)
    descriptor = -1
    if let temporary { unlink(temporary) }
  }

  private static func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  private static func unwritable(_ path: String, _ code: Int32) -> ApusError {
    let category: ApusError.Category = code == ENOENT || code == ENOTDIR ? .missingFile : .resources
    return ApusError(
      category,
      Problem(.fileUnwritable, "cannot be written: \(String(cString: strerror(code)))", file: path))
  }
}
