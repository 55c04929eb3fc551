import ApusCore

/// Nodes whose type names a plugin: attributes become its fields.
enum PluginImport {
  /// Attributes that choose the plugin instead of being fields.
  private static let choosing: Set<String> = ["plugin_version", "plugin_namespace"]

  static func importer(_ opType: String, _ plugins: PluginRegistry) -> Importer {
    .onnx(opType) { node in
      let version = try node.string("plugin_version")
      let namespace = try node.string("plugin_namespace")
      let creator = try plugins.require(
        node.opType, version: version.flatMap { $0.isEmpty ? nil : $0 },
        namespace: namespace.flatMap { $0.isEmpty ? nil : $0 })
      return try creator.makeOperator(node.attributes.filter { !choosing.contains($0.key) })
    }
  }
}
