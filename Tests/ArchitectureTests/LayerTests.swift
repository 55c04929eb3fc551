import ApusCore
import Testing

/// The package's own sources, as tests see them.
private let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

/// Layers from the bottom up: a module imports only modules of lower layers.
private let layers: [[String]] = [
  ["CApusSystem", "CApusKernels", "CApusDrivers", "CApusPlugin", "CApusCUDASources"],
  ["ApusCore"],
  ["ApusEngine", "ApusOperators"],
  ["ApusTactics", "ApusONNX", "ApusVision", "ApusOptimizer"],
  ["ApusCPU", "ApusCUDA"],
  ["ApusCPUTactics", "ApusCUDATactics"],
  ["ApusBuilder"],
  ["Apus"],
  ["ApusCommand", "apus-gpu-check"],
]

@Suite struct LayerTests {
  private func swiftFiles(in folder: String) throws -> [String] {
    try FileBytes.names(inFolder: folder).flatMap { name -> [String] in
      let path = "\(folder)/\(name)"
      if FileBytes.isFolder(path) { return try swiftFiles(in: path) }
      return name.hasSuffix(".swift") ? [path] : []
    }
  }

  private func imports(of path: String) throws -> [String] {
    try FileBytes.lines(path).compactMap { line in
      let words = line.split(separator: " ")
      guard let place = words.firstIndex(of: "import"), place + 1 < words.count,
        words[..<place].allSatisfy({
          ["public", "internal", "package", "private", "@_exported", "@testable"].contains($0)
        })
      else { return nil }
      return String(words[place + 1])
    }
  }

  @Test func everyModuleHasALayer() throws {
    let known = Set(layers.flatMap { $0 })
    for module in try FileBytes.names(inFolder: "\(root)/Sources") {
      #expect(known.contains(module), "\(module) has no layer")
    }
  }

  @Test func importsPointDown() throws {
    for (level, modules) in layers.enumerated() {
      let below = Set(layers[..<level].flatMap { $0 })
      let ours = Set(layers.flatMap { $0 })
      for module in modules where FileBytes.isFolder("\(root)/Sources/\(module)") {
        for file in try swiftFiles(in: "\(root)/Sources/\(module)") {
          for name in try imports(of: file) where ours.contains(name) {
            #expect(below.contains(name), "\(file) imports \(name), which is not below \(module)")
          }
        }
      }
    }
  }

  @Test func productsDoNotImportFoundation() throws {
    for module in try FileBytes.names(inFolder: "\(root)/Sources")
    where FileBytes.isFolder("\(root)/Sources/\(module)") {
      for file in try swiftFiles(in: "\(root)/Sources/\(module)") {
        // Generated protobuf code falls back to Foundation only where FoundationEssentials does not exist.
        let hasFallback = try FileBytes.lines(file).contains("#if canImport(FoundationEssentials)")
        #expect(try hasFallback || !imports(of: file).contains("Foundation"), "\(file) imports Foundation")
      }
    }
  }
}
