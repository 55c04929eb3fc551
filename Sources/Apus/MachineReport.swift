import ApusCPU
import ApusCUDA
import ApusCore
import ApusEngine
import Glibc

/// What this machine has: for `apus doctor` and reproduction kits.
public struct MachineReport: Sendable, Encodable {
  public struct Library: Sendable, Encodable {
    public var name: String
    public var found: Bool
    /// Path and version, or what was tried.
    public var detail: String
  }

  public var version = Report.version
  public var processor: String
  public var processors: Int
  /// Instruction sets that the CPU kernels use.
  public var level: String
  public var libraries: [Library]
  /// Usable GPUs, in the driver's order.
  public var gpus: [String]

  public init() {
    processor = Self.processorName
    processors = ThreadPool.processorCount
    level = CPURuntime.level
    libraries = [Self.oneDNN] + CUDALibraries.findings().map(Library.init)
    gpus = Self.gpuNames
  }

  private static var gpuNames: [String] {
    let count = (try? DriverGPU.count()) ?? 0
    return (0..<count).map { ordinal in
      guard let properties = try? DriverGPU(ordinal: ordinal).properties else { return "unusable" }
      return "\(properties.name) (\(properties.target), \(properties.memoryBytes >> 20) MiB)"
    }
  }

  private static var processorName: String {
    guard let file = fopen("/proc/cpuinfo", "r") else { return "unknown processor" }
    defer { fclose(file) }
    var buffer = [CChar](repeating: 0, count: 4096)
    while fgets(&buffer, Int32(buffer.count), file) != nil {
      let line = String(
        decoding: buffer.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if line.hasPrefix("model name"), let name = line.split(separator: ":").last {
        return String(name).trimmed
      }
    }
    return "unknown processor"
  }

  private static var oneDNN: Library {
    guard let library = OneDNNLibrary.shared else {
      return Library(
        name: "oneDNN", found: false,
        detail: "no libdnnl.so.3; `make setup` fetches it, APUS_ONEDNN names one that lies elsewhere")
    }
    return Library(
      name: "oneDNN", found: true, detail: "\(library.version), \(library.path ?? "in the loader's path")")
  }
}

extension MachineReport.Library {
  init(_ finding: CUDALibraries.Finding) {
    let detail = [finding.version, finding.path].compactMap { $0 }.joined(separator: ", ")
    self.init(name: finding.name, found: finding.problem == nil, detail: finding.problem ?? detail)
  }
}

extension String {
  fileprivate var trimmed: String {
    var text = Substring(self)
    while text.first == " " { text = text.dropFirst() }
    while text.last == " " { text = text.dropLast() }
    return String(text)
  }
}
