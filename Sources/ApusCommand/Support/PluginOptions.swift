import Apus
import ApusOperators
import ArgumentParser

/// Files with plugins that a verb needs.
struct PluginOptions: ParsableArguments {
  @Option(
    name: .customLong("plugin"), help: "Shared library or .cu file with plugins; may be given several times.")
  var libraries: [String] = []

  /// Loads them, before anything else is read.
  func load() throws {
    for path in libraries { try PluginFile.load(path, into: .shared) }
  }
}
