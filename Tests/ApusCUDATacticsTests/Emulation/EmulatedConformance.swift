import ApusBuilder
import ApusCPUTactics
import ApusCUDA
import ApusCUDATactics
import ApusCore
import ApusEngine
import ApusTactics
import Glibc
import Synchronization
import Testing

/// The ONNX node cases on an emulated GPU: for working on kernels where there is no GPU. `APUS_EMULATED_CASES` is the
/// folder of cases, `APUS_EMULATED_FILTER` narrows it to names that hold one of its comma-separated parts, and
/// `APUS_EMULATED_REPORT` is a file for one line a case: what became of it, and what stayed on the host.
@Suite struct EmulatedConformance {
  private static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  @Test(.enabled(if: environment("APUS_EMULATED_CASES") != nil && EmulatedImages.isAvailable))
  func nodeCases() throws {
    let folder = try #require(Self.environment("APUS_EMULATED_CASES"))
    let parts = Self.environment("APUS_EMULATED_FILTER")?.split(separator: ",").map(String.init)
    let cases = try ConformanceCase.find(folder).filter { test in
      parts?.contains { test.name.contains($0) } ?? true
    }
    let runner = ConformanceRunner(
      tactics: .cuda(CUDARuntime(EmulatedGPU()), images: EmulatedImages(), host: .cpu()))
    let lines = Mutex([String]())
    ThreadPool(threads: 2).run(cases.count) { index in
      let result = runner.run(cases[index])
      let line =
        "\(result.status.rawValue)\t\(result.name)\t\(result.tactics.count { $0.hasPrefix("cuda.") && $0 != "cuda.copy" })\t"
        + "\(result.host.joined(separator: " | "))\t\(result.reason ?? "")"
      lines.withLock { $0.append(line.replacing("\n", with: " ")) }
    }
    let all = lines.withLock { $0 }.sorted()
    if let report = Self.environment("APUS_EMULATED_REPORT") {
      try AtomicFile.write(Array(all.joined(separator: "\n").utf8), to: report)
    }
    // Kernels that only a GPU runs say nothing.
    let wrong = all.filter { line in
      line.contains("does not compile")
        || line.hasPrefix("failed") && !line.contains("the host cannot run this kernel")
    }
    #expect(wrong.isEmpty, "\(wrong.count) cases failed")
  }
}
