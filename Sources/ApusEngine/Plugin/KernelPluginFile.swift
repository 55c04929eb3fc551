public import ApusCore
import FoundationEssentials
import Synchronization

/// `.cu` files with plugins: a comment that starts with `/* apus-plugin` holds the description as JSON, the rest is CUDA C++
/// for the GPU's compiler.
public enum KernelPluginFile {
  private static let loaded = Mutex<[PluginIdentity: KernelPluginCode]>([:])

  static func code(of identity: PluginIdentity) -> KernelPluginCode? { loaded.withLock { $0[identity] } }

  /// Loads a file and registers its plugin. The kernels are compiled when an engine is built.
  @discardableResult
  public static func load(_ path: String, into registry: PluginRegistry) throws -> PluginDescription {
    guard FileBytes.exists(path) else {
      throw ApusError(.missingFile, Problem(.fileMissing, "the plugin file does not exist", file: path))
    }
    let storage = try FileBytes.read(path)
    let bytes = UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount)
    let (text, hash) = withExtendedLifetime(storage) {
      (String(decoding: bytes, as: UTF8.self), XXH3.hash128(bytes).hex)
    }
    let head = try description(in: text, path)
    var digest = hash
    if let library = head.library {
      let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
      let beside = (folder + [Substring(library)]).joined(separator: "/")
      let found = try PluginLibrary.load(beside, into: PluginRegistry())
      guard let same = found.first(where: { $0.identity == head.identity }) else {
        throw refusal("\(library) has no plugin \(head.identity)", path)
      }
      digest += same.digest
    }
    let fields = head.pluginFields
    let description = PluginDescription(
      head.name, version: head.identity.version, namespace: head.identity.namespace,
      summary: head.summary ?? "", inputs: head.inputs.map(\.name), outputs: head.outputs.map(\.name),
      fields: fields, origin: path, digest: digest)
    try registry.register(
      PluginCreator(description, operatorType: KernelPlugin.self) { values in
        KernelPlugin(description.identity, fields: fields.map { $0.value(in: values) })
      })
    loaded.withLock {
      $0[head.identity] = KernelPluginCode(description: head, text: text, path: path)
    }
    return description
  }

  private static func description(in text: String, _ path: String) throws -> KernelPluginDescription {
    guard let start = text.firstRange(of: "/* apus-plugin"),
      let end = text[start.upperBound...].firstRange(of: "*/")
    else { throw refusal("it has no comment that starts with `/* apus-plugin`", path) }
    let json = Data(text[start.upperBound..<end.lowerBound].utf8)
    do {
      if let key = try JSONDecoder().decode(DescriptionKeys.self, from: json).unknown {
        throw refusal("its description has a key '\(key)' that means nothing", path)
      }
      let found = try JSONDecoder().decode(KernelPluginDescription.self, from: json)
      if let fault = found.fault { throw refusal(fault, path) }
      let code = text[end.upperBound...]
      if let missing = found.launches.first(where: { !code.contains($0.kernel + "(") }) {
        throw refusal("it has no kernel '\(missing.kernel)'", path)
      }
      return found
    } catch let error as DecodingError {
      throw refusal("its description does not read: \(reason(error))", path)
    }
  }

  private static func reason(_ error: DecodingError) -> String {
    func place(_ context: DecodingError.Context) -> String {
      let keys = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }
      return keys.isEmpty ? "" : " at \(keys.joined(separator: "."))"
    }
    switch error {
    case .keyNotFound(let key, let context): return "'\(key.stringValue)' is missing\(place(context))"
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      return context.debugDescription + place(context)
    @unknown default: return "\(error)"
    }
  }

  private static func refusal(_ reason: String, _ path: String) -> ApusError {
    ApusError(
      .invalidInput,
      Problem(
        .pluginInvalid, "the plugin file is refused: \(reason)", file: path,
        fix: "`Docs/Plugins.md` shows a description"))
  }
}

/// Keys of a description, to find those that mean nothing.
private indirect enum DescriptionKeys: Decodable {
  case object([String: DescriptionKeys])
  case list([DescriptionKeys])
  case leaf

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let object = try? container.decode([String: DescriptionKeys].self) {
      self = .object(object)
    } else if let list = try? container.decode([DescriptionKeys].self) {
      self = .list(list)
    } else {
      self = .leaf
    }
  }

  private static let known: [String: Set<String>] = [
    "": [
      "name", "version", "namespace", "summary", "library", "fields", "inputs", "outputs", "workspace",
      "launches",
    ],
    "fields": ["name", "type", "count", "default", "meaning"],
    "inputs": ["name", "types", "shape"], "outputs": ["name", "type", "shape", "like"],
    "launches": ["kernel", "grid", "block", "shared", "operands"],
  ]

  /// The first key that no part of a description has.
  var unknown: String? { Self.unknown(self, in: "") }

  private static func unknown(_ keys: DescriptionKeys, in part: String) -> String? {
    guard let allowed = known[part] else { return nil }
    switch keys {
    case .leaf: return nil
    case .list(let items): return items.lazy.compactMap { unknown($0, in: part) }.first
    case .object(let object):
      if let odd = object.keys.sorted().first(where: { !allowed.contains($0) }) { return odd }
      guard part.isEmpty else { return nil }
      return object.sorted { $0.key < $1.key }.lazy.compactMap { unknown($1, in: $0) }.first
    }
  }
}
