import Apus
import ApusOperators
import ArgumentParser

/// `apus plugins`
struct Plugins: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lists plugins with their fields.",
    discussion: """
      Example:
        apus plugins RetinaNetDecode
      """)

  @Argument(help: "Names of plugins to show; all when none is given.") var names: [String] = []
  @OptionGroup var plugins: PluginOptions
  @Flag(help: "Prints one JSON document.") var json = false
  @Flag(name: .shortAndLong, help: "Says more.") var verbose = false

  func run() throws {
    try plugins.load()
    let registry = PluginRegistry.shared
    do {
      let chosen = try names.map { try registry.require($0) }
      try show((names.isEmpty ? registry.all : chosen).map(\.description))
    } catch let error as OperatorError {
      throw ApusError(
        .usage, Problem(error.id, error.message, value: error.value, allowed: error.allowed, fix: error.fix))
    }
  }

  private func show(_ found: [PluginDescription]) throws {
    if json { return try Output.json(found.map(Document.init)) }
    for plugin in found {
      Output.line("\(plugin.identity) (\(plugin.origin)): \(plugin.summary)")
      if names.isEmpty && !verbose { continue }
      Output.line("  inputs   \(plugin.inputs.joined(separator: ", "))")
      Output.line("  outputs  \(plugin.outputs.joined(separator: ", "))")
      for field in plugin.fields {
        let value = field.defaultValue.map { " = \($0)" } ?? ", required"
        Output.line("  field    \(field.name): \(field.typeText)\(value)  \(field.meaning)")
      }
      if verbose { Output.line("  digest   \(plugin.digest)") }
    }
  }

  private struct Document: Encodable {
    struct Field: Encodable {
      var name: String
      var type: String
      var required: Bool
      var defaultValue: AttributeValue?
      var meaning: String
    }

    var name: String
    var version: String
    var namespace: String
    var summary: String
    var inputs: [String]
    var outputs: [String]
    var fields: [Field]
    var origin: String
    var digest: String

    init(_ plugin: PluginDescription) {
      (name, version) = (plugin.identity.name, plugin.identity.version)
      (namespace, summary) = (plugin.identity.namespace, plugin.summary)
      (inputs, outputs) = (plugin.inputs, plugin.outputs)
      fields = plugin.fields.map {
        Field(
          name: $0.name, type: $0.typeText, required: $0.defaultValue == nil, defaultValue: $0.defaultValue,
          meaning: $0.meaning)
      }
      (origin, digest) = (plugin.origin, plugin.digest)
    }
  }
}
