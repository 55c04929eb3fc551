internal import Glibc

/// Whole files and folders, read with plain POSIX calls.
public enum FileBytes {
  /// The contents of a file; tensors may be views into it.
  public static func read(_ path: String) throws -> TensorStorage {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw missing(path, errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw missing(path, errno) }
    guard status.st_mode & S_IFMT != S_IFDIR else { throw missing(path, EISDIR) }
    guard status.st_mode & S_IFMT == S_IFREG else { return try readStream(descriptor, path) }
    return try TensorStorage(byteCount: Int(status.st_size)) { target in
      var offset = 0
      while offset < target.count {
        let count = try readSome(descriptor, UnsafeMutableRawBufferPointer(rebasing: target[offset...]), path)
        guard count > 0 else {
          throw ApusError(
            .invalidInput, Problem(.damagedFile, "the file shrank while it was read", file: path))
        }
        offset += count
      }
    }
  }

  /// The lines of a UTF-8 text file, as of class names: trimmed, without the empty ones at the end.
  public static func lines(_ path: String) throws -> [String] {
    let storage = try read(path)
    let text = withExtendedLifetime(storage) {
      String(
        decoding: UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount), as: UTF8.self)
    }
    var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map { line in
      String(line.trimmingSuffix(while: \.isWhitespace).drop(while: \.isWhitespace))
    }
    while lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }

  public static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Names in a folder without hidden ones, numbers in them compared as numbers (`set_2` before `set_10`).
  public static func names(inFolder path: String) throws -> [String] {
    guard let folder = opendir(path) else { throw missing(path, errno) }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted(by: naturalOrder)
  }

  static func missing(_ path: String, _ code: Int32) -> ApusError {
    ApusError(
      .missingFile, Problem(.fileMissing, "cannot be read: \(String(cString: strerror(code)))", file: path))
  }

  private static func readSome(
    _ descriptor: Int32, _ target: UnsafeMutableRawBufferPointer, _ path: String
  ) throws -> Int {
    while true {
      let count = Glibc.read(descriptor, target.baseAddress, min(target.count, 1 << 30))
      if count >= 0 { return count }
      if errno != EINTR { throw missing(path, errno) }
    }
  }

  /// Pipes and devices have no size beforehand.
  private static func readStream(_ descriptor: Int32, _ path: String) throws -> TensorStorage {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try chunk.withUnsafeMutableBytes { try readSome(descriptor, $0, path) }
      if count == 0 { break }
      bytes.append(contentsOf: chunk[..<count])
    }
    return TensorStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
  }
}

extension Substring {
  func trimmingSuffix(while predicate: (Character) -> Bool) -> Substring {
    var end = endIndex
    while end > startIndex, predicate(self[index(before: end)]) { end = index(before: end) }
    return self[..<end]
  }
}

/// Compares runs of digits by value and everything else by bytes.
func naturalOrder(_ a: String, _ b: String) -> Bool {
  let a = Array(a.utf8)
  let b = Array(b.utf8)
  var i = 0
  var j = 0
  while i < a.count, j < b.count {
    let runA = a[i...].prefix { isDigit($0) }.drop { $0 == UInt8(ascii: "0") }
    let runB = b[j...].prefix { isDigit($0) }.drop { $0 == UInt8(ascii: "0") }
    if isDigit(a[i]), isDigit(b[j]) {
      if runA.count != runB.count { return runA.count < runB.count }
      if !runA.elementsEqual(runB) { return runA.lexicographicallyPrecedes(runB) }
      i = runA.endIndex
      j = runB.endIndex
    } else {
      if a[i] != b[j] { return a[i] < b[j] }
      i += 1
      j += 1
    }
  }
  return a.count - i == b.count - j ? a.lexicographicallyPrecedes(b) : a.count - i < b.count - j
}

private func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
