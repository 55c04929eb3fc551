import Synchronization

/// The plugins that models, networks and engines may name.
public final class PluginRegistry: Sendable {
  private let creators: Mutex<[PluginCreator]>

  public init(_ creators: [PluginCreator] = []) { self.creators = Mutex(creators) }

  /// All plugins, by name, namespace and version.
  public var all: [PluginCreator] {
    creators.withLock { $0 }.sorted {
      let (a, b) = ($0.identity, $1.identity)
      return (a.name, a.namespace, a.version) < (b.name, b.namespace, b.version)
    }
  }

  /// Types of all operators that the plugins make.
  public var operatorTypes: [any Operator.Type] { all.map(\.operatorType) }

  /// Adds a plugin. Throws when another one has its identity; the same one again is no error.
  public func register(_ creator: PluginCreator) throws {
    try creators.withLock { known in
      if let other = known.first(where: { $0.identity == creator.identity }) {
        guard other.description.digest != creator.description.digest else { return }
        throw ApusError(
          .usage,
          Problem(
            .pluginInvalid, "two plugins are \(creator.identity)", value: creator.description.origin,
            allowed: other.description.origin, fix: "give one of them another version or namespace"))
      }
      known.append(creator)
    }
  }

  /// Adds a plugin written in Swift.
  public func register(_ plugin: any Plugin.Type) throws { try register(PluginCreator(plugin)) }

  /// Whether any plugin has the name.
  public func contains(_ name: String) -> Bool {
    creators.withLock { $0.contains { $0.identity.name == name } }
  }

  /// The plugin of a name; nil versions and namespaces mean any: then the newest version, and the empty namespace
  /// before others.
  public func find(_ name: String, version: String? = nil, namespace: String? = nil) -> PluginCreator? {
    all.filter {
      $0.identity.name == name && version ?? $0.identity.version == $0.identity.version
        && namespace ?? $0.identity.namespace == $0.identity.namespace
    }.max { a, b in
      let (first, second) = (a.identity, b.identity)
      if first.namespace.isEmpty != second.namespace.isEmpty { return second.namespace.isEmpty }
      return (Int(first.version) ?? 0, first.version) < (Int(second.version) ?? 0, second.version)
    }
  }

  /// The plugin of a name, or a problem that says what there is instead.
  public func require(_ name: String, version: String? = nil, namespace: String? = nil) throws
    -> PluginCreator
  {
    if let found = find(name, version: version, namespace: namespace) { return found }
    let same = all.filter { $0.identity.name == name }.map(\.identity.description)
    var fix = "`apus plugins` lists all; a library is loaded with --plugin"
    if let near = NearestName.of(name, in: Set(all.map(\.identity.name)).sorted()) {
      fix = "did you mean \(near)? Otherwise " + fix
    }
    let wanted = [version.map { "version \($0)" }, namespace.map { "namespace '\($0)'" }].compactMap { $0 }
    throw OperatorError(
      .pluginMissing,
      same.isEmpty
        ? "there is no plugin '\(name)'"
        : "there is no plugin '\(name)' of \(wanted.joined(separator: ", "))",
      value: name, allowed: same.isEmpty ? nil : same.joined(separator: ", "), fix: fix)
  }
}

/// What an engine notes of a plugin it was built with.
public struct PluginStamp: Sendable, Hashable, Codable {
  public var identity: PluginIdentity
  public var digest: String

  public init(identity: PluginIdentity, digest: String) {
    self.identity = identity
    self.digest = digest
  }
}

extension PluginRegistry {
  /// Notes on the plugins behind a graph's nodes.
  public func stamps(for graph: Graph) -> [PluginStamp] {
    let used = Set(graph.allNodes.compactMap { ($0.op as? any PluginOperator)?.pluginIdentity })
    return all.filter { used.contains($0.identity) }.map {
      PluginStamp(identity: $0.identity, digest: $0.description.digest)
    }
  }

  /// Problems of an engine whose plugins are missing or others than those it was built with.
  public func problems(with stamps: [PluginStamp], file: String) -> [Problem] {
    stamps.compactMap { stamp in
      guard
        let present = find(
          stamp.identity.name, version: stamp.identity.version, namespace: stamp.identity.namespace)
      else {
        return Problem(
          .pluginMissing, "the engine needs plugin \(stamp.identity), which is not loaded", file: file,
          value: stamp.identity.name, allowed: all.map(\.identity.name).joined(separator: ", "),
          fix: "load its library with --plugin, or register it")
      }
      guard present.description.digest != stamp.digest else { return nil }
      return Problem(
        .pluginInvalid,
        "plugin \(stamp.identity) is another one than the engine was built with: digest "
          + "\(present.description.digest) (\(present.description.origin)), built with \(stamp.digest)",
        file: file, value: present.description.digest, allowed: stamp.digest,
        fix: "load the library that the engine was built with, or optimize the model again")
    }
  }
}
