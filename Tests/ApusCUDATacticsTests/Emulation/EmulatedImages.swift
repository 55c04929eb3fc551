import ApusCUDATactics
import ApusCore
import Glibc

@testable import ApusCUDA

/// Kernels as libraries of the host: the text that reaches NVRTC, compiled by clang with `emulated.h` in front.
/// "Machine code" is the path of the library; kernels with instructions of the GPU's own give an empty one.
struct EmulatedImages: KernelImages {
  /// clang is part of Swift's toolchain.
  static let isAvailable = system("clang++ --version > /dev/null 2>&1") == 0

  private let folder = "/tmp/apus-emulated-\(getuid())"
  private static let header =
    "/" + (#filePath.split(separator: "/").dropLast() + ["emulated.h"]).joined(separator: "/")

  func image(_ source: KernelSource, target: String) throws -> [UInt8] {
    guard let text = try Self.text(source) else { return [] }
    let hash = Array(text.utf8).withUnsafeBytes { XXH3.hash128($0).hex }
    let library = "\(folder)/\(hash).so"
    if !FileBytes.exists(library) {
      mkdir(folder, 0o700)
      let stem = "\(folder)/\(getpid())-\(UInt64.random(in: 0 ... .max))"
      try AtomicFile.write(Array(text.utf8), to: "\(stem).cpp")
      // Without fused multiply-adds results depend on nothing but the text.
      let flags = "-std=c++17 -O1 -w -fPIC -shared -fwrapv -ffp-contract=off -nostdinc++"
      let log = "\(stem).log"
      guard system("clang++ \(flags) \(stem).cpp -o \(stem).so 2> \(log)") == 0 else {
        let errors = try FileBytes.lines(log).prefix(20).joined(separator: "\n")
        throw ApusError(.internal, Problem(.internalError, "\(source.name) does not compile: \(errors)"))
      }
      rename("\(stem).so", library)
      unlink("\(stem).cpp")
      unlink(log)
    }
    return Array(library.utf8)
  }

  /// The whole program; nil where a kernel uses instructions that the host lacks.
  private static func text(_ source: KernelSource) throws -> String? {
    guard let own = source.text ?? KernelSources.text(source.name) else { return nil }
    var seen: Set<String> = []
    let text = source.defines.map { "#define \($0.name) \($0.value)\n" }.joined() + expanded(own, &seen)
    guard !text.contains("asm") else { return nil }
    let waits = ["__syncthreads", "_sync(", "reduceRow", "reduceBlock"].contains { own.contains($0) }
    let header = try FileBytes.lines(Self.header).joined(separator: "\n")
    return header + "\n" + text + """

      extern "C" void emulatedLaunch(void **arguments, const unsigned *geometry) {
        emulated::launch(\(source.entry), arguments, geometry, \(!waits));
      }

      """
  }

  /// The text with headers in place of their includes, `common.cuh` without what only GPUs understand.
  private static func expanded(_ text: String, _ seen: inout Set<String>) -> String {
    var result = ""
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) where line != "#pragma once" {
      guard line.hasPrefix("#include \"") else {
        // Kernels without tensor cores have no groups of threads: the whole block meets.
        if line.contains("asm volatile(\"bar.sync") {
          result += "  __syncthreads();\n"
          continue
        }
        // Dynamic shared memory is as large as any GPU's.
        result +=
          line.contains("extern __shared__")
          ? line.replacing("extern ", with: "").replacing("[]", with: "[1 << 18]") : line
        result += "\n"
        continue
      }
      let file = String(line.dropFirst(10).prefix { $0 != "\"" })
      guard seen.insert(file).inserted, let header = KernelSources.text(file) else { continue }
      result += file == "common.cuh" ? portable(header) : expanded(header, &seen)
    }
    return result
  }

  private static func portable(_ common: String) -> String {
    let marks = [
      "/// IEEE single precision.", "__device__ inline u32 sharedAddress", "__device__ inline float warpSum",
    ]
    let places = marks.map { common.firstRange(of: $0)?.lowerBound ?? common.startIndex }
    return String(common[places[0]..<places[1]]) + String(common[places[2]...])
  }
}
