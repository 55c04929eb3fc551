import ApusCore
import ApusOperators
import Glibc
import Testing

@Suite struct CatalogueTests {
  /// Operators are found by name; one that is in no list could be written but never read.
  @Test func everyOperatorFileIsListed() throws {
    let listed = Set(OperatorCatalogue.standard.all.map { String(describing: $0) })
    let root =
      #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/Sources/ApusOperators"
    let families = entries(root).filter { !$0.hasSuffix(".swift") }
    try #require(!families.isEmpty)
    for file in families.flatMap({ family in entries("\(root)/\(family)").map { "\(root)/\(family)/\($0)" } })
    {
      let source = try text(file)
      guard source.contains("public static var importers: [Importer]") else { continue }
      let types = source.split(separator: "\n").compactMap { line -> String? in
        guard line.hasPrefix("public struct "), let colon = line.firstIndex(of: ":") else { return nil }
        return String(line[..<colon].dropFirst("public struct ".count))
      }
      // Importers may stand in a file of their own.
      #expect(types.isEmpty || types.contains { listed.contains($0) }, "\(file)")
    }
  }

  @Test func namesAndSpellingsAreUnambiguous() {
    var seen: [String: [ClosedRange<Int>]] = [:]
    for importer in OperatorCatalogue.standard.all.flatMap({ $0.importers }) {
      let spelling = "\(importer.format) \(importer.domain) \(importer.opType)"
      let clash = seen[spelling, default: []].contains { $0.overlaps(importer.versions) }
      #expect(!clash, "two importers of \(spelling) for one version")
      seen[spelling, default: []].append(importer.versions)
    }
  }

  private func entries(_ folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }

  private func text(_ path: String) throws -> String {
    let file = try #require(fopen(path, "r"))
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 18)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count], as: UTF8.self)
  }
}
