import ApusCore
import CApusDrivers
import Glibc

/// NVIDIA's libraries as they were found on this machine.
public enum CUDALibraries {
  /// What was looked for, and what came of it.
  public struct Finding: Sendable, Hashable, Codable {
    public var name: String
    /// File that was opened; nil when none could be.
    public var path: String?
    public var version: String?
    /// Why it cannot be used.
    public var problem: String?
  }

  /// Folders that are searched behind the loader's own: `APUS_CUDA_LIBRARIES` and `APUS_NVRTC` (separated by colons),
  /// the CUDA toolkit, and the `nvidia` packages of a Python environment.
  public static func folders() -> [String] {
    var folders: [String] = []
    for variable in ["APUS_NVRTC", "APUS_CUDA_LIBRARIES"] {
      folders += environment(variable)?.split(separator: ":").map(String.init) ?? []
    }
    for variable in ["CUDA_HOME", "CUDA_PATH"] {
      if let root = environment(variable) { folders.append(root + "/lib64") }
    }
    folders.append("/usr/local/cuda/lib64")
    for variable in ["VIRTUAL_ENV", "CONDA_PREFIX"] {
      if let root = environment(variable) { folders += packageFolders(under: root + "/lib") }
    }
    folders += packageFolders(under: "/usr/local/lib") + packageFolders(under: "/usr/lib")
    return folders
  }

  /// `nvidia/*/lib` of every Python below `root`.
  static func packageFolders(under root: String) -> [String] {
    var folders: [String] = []
    for python in names(root) where python.hasPrefix("python3") {
      for packages in ["site-packages", "dist-packages"] {
        let base = "\(root)/\(python)/\(packages)/nvidia"
        folders += names(base).map { "\(base)/\($0)/lib" }.filter(FileBytes.isFolder)
      }
    }
    return folders
  }

  private static func names(_ folder: String) -> [String] {
    ((try? FileBytes.names(inFolder: folder)) ?? []).sorted(by: >)
  }

  private static func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Looks for the driver, NVRTC, cuBLASLt and cuDNN.
  public static func findings() -> [Finding] {
    let folders = folders()
    var driver = withFolders(folders) { apus_cuda_open($0, $1, $2) }
    if let table = driver.table {
      var version: Int32 = 0
      _ = table.pointee.driver_version(&version)
      driver.finding.version = dotted(Int(version), major: 1000, minor: 10)
    }
    var compiler = withFolders(folders) { apus_nvrtc_open($0, $1, $2) }
    if let table = compiler.table {
      var major: Int32 = 0
      var minor: Int32 = 0
      _ = table.pointee.version(&major, &minor)
      compiler.finding.version = "\(major).\(minor)"
    }
    var blas = withFolders(folders) { apus_cublaslt_open($0, $1, $2) }
    if let table = blas.table {
      blas.finding.version = dotted(Int(table.pointee.version()), major: 10000, minor: 100)
    }
    var dnn = withFolders(folders) { apus_cudnn_open($0, $1, $2) }
    if let table = dnn.table {
      dnn.finding.version = dotted(Int(table.pointee.version()), major: 10000, minor: 100)
    }
    driver.finding.name = "CUDA driver"
    compiler.finding.name = "NVRTC"
    blas.finding.name = "cuBLASLt"
    dnn.finding.name = "cuDNN"
    return [driver.finding, compiler.finding, blas.finding, dnn.finding]
  }

  private static func dotted(_ version: Int, major: Int, minor: Int) -> String {
    "\(version / major).\(version % major / minor)"
  }

  typealias Folders = UnsafePointer<UnsafePointer<CChar>>

  /// Calls one of the opening functions with `folders` as C strings.
  static func withFolders<Table>(
    _ folders: [String],
    _ open: (Folders?, Int, UnsafeMutablePointer<apus_library_report>) -> UnsafePointer<Table>?
  ) -> (table: UnsafePointer<Table>?, finding: Finding) {
    let strings = folders.compactMap { strdup($0) }
    defer { for string in strings { free(string) } }
    let pointers = strings.map { UnsafePointer($0) }
    var report = apus_library_report()
    let table = pointers.withUnsafeBufferPointer { open($0.baseAddress, $0.count, &report) }
    var finding = Finding(name: "")
    let path = withUnsafeBytes(of: &report.path) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    let message = withUnsafeBytes(of: &report.message) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    if !path.isEmpty { finding.path = path }
    if table == nil {
      finding.problem =
        report.status == APUS_LIBRARY_TOO_OLD ? "lacks \(message)" : message.isEmpty ? "not found" : message
    }
    return (table, finding)
  }
}
