import ApusCore
import CApusCUDASources
import Synchronization

/// The CUDA C++ files kept in the program.
public enum KernelSources {
  /// Text of a file, nil for an unknown name.
  public static func text(_ name: String) -> String? { all[name] }

  /// A file with what it includes in the place of the includes.
  static func expanded(_ name: String) -> String? {
    if let known = expansions.withLock({ $0[name] }) { return known }
    guard let expanded = text(name).map({ KernelSource.expand($0, name) }) else { return nil }
    expansions.withLock { $0[name] = expanded }
    return expanded
  }

  private static let expansions = Mutex([String: String]())

  /// Names of all files, headers (`.cuh`) and kernels (`.cu`).
  public static var names: [String] { all.keys.sorted() }

  /// Changes with any of the files.
  public static let hash: String = {
    let text = names.map { "\($0)\u{0}\(all[$0] ?? "")" }.joined(separator: "\u{0}")
    return Array(text.utf8).withUnsafeBytes { XXH3.hash128($0).hex }
  }()

  static let all: [String: String] = {
    var files: [String: String] = [:]
    for row in UnsafeBufferPointer(start: apus_cuda_source_table(), count: apus_cuda_source_count) {
      files[String(cString: row.name)] = String(cString: row.text)
    }
    return files
  }()
}
