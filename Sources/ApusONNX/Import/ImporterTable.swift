import ApusCore

/// All ONNX importers of a catalogue by domain and operator.
struct ImporterTable {
  struct Key: Hashable {
    let domain: String
    let opType: String
  }

  private let importers: [Key: [Importer]]
  private let plugins: PluginRegistry?

  init(_ catalogue: OperatorCatalogue, plugins: PluginRegistry? = nil) {
    self.plugins = plugins
    importers = Dictionary(
      grouping: catalogue.all.flatMap { $0.importers }.filter { $0.format == .onnx },
      by: { Key(domain: ImporterTable.normalized($0.domain), opType: $0.opType) })
  }

  func importer(domain: String, opType: String, version: Int) -> Importer? {
    importers[Key(domain: domain, opType: opType)]?.first { $0.versions.contains(version) }
  }

  /// The importer of nodes that name a plugin by their type, whatever their domain; nil when there is none.
  func pluginImporter(_ opType: String) -> Importer? {
    guard let plugins, plugins.contains(opType) else { return nil }
    return PluginImport.importer(opType, plugins)
  }

  /// Version ranges in which an operator can be imported.
  func versions(domain: String, opType: String) -> [ClosedRange<Int>] {
    (importers[Key(domain: domain, opType: opType)] ?? []).map(\.versions)
      .sorted { $0.lowerBound < $1.lowerBound }
  }

  /// Names of all operators of a domain, and of all plugins.
  func operators(in domain: String) -> [String] {
    importers.keys.filter { $0.domain == domain }.map(\.opType).sorted()
      + (plugins?.all.map(\.identity.name) ?? [])
  }

  /// The default domain has two spellings.
  static func normalized(_ domain: String) -> String { domain == "ai.onnx" ? "" : domain }
}
