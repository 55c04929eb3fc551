import ApusCore

/// All ONNX importers of a catalogue by domain and operator.
struct ImporterTable {
  struct Key: Hashable {
    let domain: String
    let opType: String
  }

  private let importers: [Key: [Importer]]

  init(_ catalogue: OperatorCatalogue) {
    importers = Dictionary(
      grouping: catalogue.all.flatMap { $0.importers }.filter { $0.format == .onnx },
      by: { Key(domain: ImporterTable.normalized($0.domain), opType: $0.opType) })
  }

  func importer(domain: String, opType: String, version: Int) -> Importer? {
    importers[Key(domain: domain, opType: opType)]?.first { $0.versions.contains(version) }
  }

  /// Version ranges in which an operator can be imported.
  func versions(domain: String, opType: String) -> [ClosedRange<Int>] {
    (importers[Key(domain: domain, opType: opType)] ?? []).map(\.versions)
      .sorted { $0.lowerBound < $1.lowerBound }
  }

  /// Names of all operators of a domain.
  func operators(in domain: String) -> [String] {
    importers.keys.filter { $0.domain == domain }.map(\.opType).sorted()
  }

  /// The default domain has two spellings.
  static func normalized(_ domain: String) -> String { domain == "ai.onnx" ? "" : domain }
}
