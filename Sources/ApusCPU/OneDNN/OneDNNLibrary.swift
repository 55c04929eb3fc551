import ApusCore
import CApusDrivers
import Glibc

/// oneDNN, where it is found: one for the process, never closed.
public final class OneDNNLibrary: @unchecked Sendable {
  /// nil where there is no oneDNN 3. `APUS_ONEDNN` names the library; empty, it turns oneDNN off. Without it the
  /// folder `lib` beside the executable's, `.build/onednn/lib` here and above, and the loader's path are searched.
  public static let shared: OneDNNLibrary? = open()

  let handle: OpaquePointer
  /// `3.2.0`.
  public let version: String
  /// The library's file; nil where the loader found it.
  public let path: String?

  private init(_ handle: OpaquePointer, path: String?) {
    self.handle = handle
    self.path = path
    let version = apus_onednn_get_version(handle)
    self.version = "\(version.major).\(version.minor).\(version.patch)"
  }

  private static func open() -> OneDNNLibrary? {
    if let named = getenv("APUS_ONEDNN") {
      let path = String(cString: named)
      return path.isEmpty ? nil : open(path)
    }
    for path in candidates() where access(path, R_OK) == 0 {
      if let library = open(path) { return library }
    }
    return open(nil)
  }

  private static func open(_ path: String?) -> OneDNNLibrary? {
    var reason = [CChar](repeating: 0, count: 512)
    return apus_onednn_open(path, &reason, reason.count).map { OneDNNLibrary($0, path: path) }
  }

  private static func candidates() -> [String] {
    let file = "libdnnl.so.3"
    var found: [String] = []
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    let length = readlink("/proc/self/exe", &buffer, Int(PATH_MAX))
    if length > 0 {
      let executable = String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
      let folder = executable.split(separator: "/").dropLast().joined(separator: "/")
      found.append("/\(folder)/../lib/\(file)")
    }
    if getcwd(&buffer, buffer.count) != nil {
      let path = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      var parts = path.split(separator: "/")
      while !parts.isEmpty {
        found.append("/\(parts.joined(separator: "/"))/.build/onednn/lib/\(file)")
        parts.removeLast()
      }
    }
    return found
  }

  /// Throws unless the status says success.
  static func check(_ status: apus_onednn_status, _ what: String) throws {
    guard status != APUS_ONEDNN_SUCCESS else { return }
    throw ApusError(
      .internal,
      Problem(.internalError, "oneDNN: \(what): \(String(cString: apus_onednn_status_name(status)))"))
  }
}

extension DType {
  /// oneDNN's code of a floating-point type.
  var oneDNN: apus_onednn_type {
    self == .bf16 ? APUS_ONEDNN_BF16 : self == .f16 ? APUS_ONEDNN_F16 : APUS_ONEDNN_F32
  }
}
