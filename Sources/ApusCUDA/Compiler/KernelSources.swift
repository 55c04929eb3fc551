import CApusCUDASources

/// The CUDA C++ files kept in the program.
public enum KernelSources {
  /// Text of a file, nil for an unknown name.
  public static func text(_ name: String) -> String? { all[name] }

  /// Names of all files, headers (`.cuh`) and kernels (`.cu`).
  public static var names: [String] { all.keys.sorted() }

  static let all: [String: String] = {
    var files: [String: String] = [:]
    for row in UnsafeBufferPointer(start: apus_cuda_source_table(), count: apus_cuda_source_count) {
      files[String(cString: row.name)] = String(cString: row.text)
    }
    return files
  }()
}
