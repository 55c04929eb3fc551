import ApusCUDA
import ApusCore
import Testing

@Suite struct KernelSourceTests {
  /// The package's folder of kernels, seen from this file.
  static var folder: String {
    let parts = #filePath.split(separator: "/").dropLast(4)
    return "/" + parts.joined(separator: "/") + "/Sources/CApusCUDASources/Kernels"
  }

  @Test func everyFileIsKeptInTheProgram() throws {
    let files = try FileBytes.names(inFolder: Self.folder).filter {
      $0.hasSuffix(".cu") || $0.hasSuffix(".cuh")
    }
    #expect(KernelSources.names == files.sorted())
    for file in files {
      let mapped = try MappedFile(path: "\(Self.folder)/\(file)")
      let bytes = withExtendedLifetime(mapped) { Array(mapped.bytes) }
      let isTheSame = Array((KernelSources.text(file) ?? "").utf8) == bytes
      #expect(isTheSame, "\(file)")
    }
  }

  @Test func kernelsNeedNoHeaderOfTheToolkit() {
    for name in KernelSources.names {
      let includes = (KernelSources.text(name) ?? "").split(separator: "\n").filter {
        $0.hasPrefix("#include")
      }
      for line in includes {
        let file = line.split(separator: "\"").dropFirst().first.map(String.init) ?? String(line)
        #expect(KernelSources.text(file) != nil, "\(name) includes \(file)")
      }
    }
  }

  @Test(arguments: [
    (Float(0.5), "0.5f"), (1, "1.0f"), (-3e-9, "-3e-09f"), (.infinity, "__int_as_float(0x7f800000)"),
  ])
  func floatsAreLiterals(value: Float, text: String) {
    #expect(KernelSource.Define("X", value).value == text)
  }
}
