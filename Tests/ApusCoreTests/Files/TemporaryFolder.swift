import ApusCore
import Glibc

/// A fresh folder that disappears with its last user.
final class TemporaryFolder {
  let path: String

  init() throws {
    var template = Array("/tmp/apus-tests-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw ApusError(.resources, Problem(.fileUnwritable, "no temporary folder"))
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  deinit { remove(path) }

  private func remove(_ path: String) {
    if FileBytes.isFolder(path) {
      for name in (try? FileBytes.names(inFolder: path)) ?? [] { remove("\(path)/\(name)") }
      rmdir(path)
    } else {
      unlink(path)
    }
  }
}

extension TensorStorage {
  convenience init(_ bytes: [UInt8]) { self.init(byteCount: bytes.count) { $0.copyBytes(from: bytes) } }

  var bytes: [UInt8] { Array(UnsafeRawBufferPointer(start: base, count: byteCount)) }
}

extension Tensor {
  var bytes: [UInt8] { withUnsafeBytes { Array($0) } }
}
