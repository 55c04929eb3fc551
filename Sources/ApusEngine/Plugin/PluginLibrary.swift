public import ApusCore
import CApusPlugin
import Glibc
import Synchronization

/// Shared libraries with plugins behind `apus_plugin.h`.
public enum PluginLibrary {
  private static let loaded = Mutex<[PluginIdentity: PluginCode]>([:])

  static func code(of identity: PluginIdentity) -> PluginCode? { loaded.withLock { $0[identity] } }

  /// Loads a library and registers its plugins. What describes them runs in a child process first: a library that
  /// crashes, hangs, has another version or breaks the contract is refused with the reason.
  ///
  /// - Parameter seconds: What the description may take.
  /// - Returns: The plugins of the library.
  @discardableResult
  public static func load(_ path: String, into registry: PluginRegistry, seconds: UInt32 = 10) throws
    -> [PluginDescription]
  {
    guard FileBytes.exists(path) else {
      throw ApusError(.missingFile, Problem(.fileMissing, "the plugin library does not exist", file: path))
    }
    var text = [CChar](repeating: 0, count: 1024)
    let status = apus_plugin_probe(path, seconds, &text, text.count)
    guard status == APUS_PLUGIN_OK, let library = apus_plugin_open(path, &text, text.count) else {
      let reason = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      throw ApusError(
        .invalidInput,
        Problem(.pluginInvalid, "the plugin library is refused: \(reason)", file: path, fix: fix(status)))
    }
    let file = try MappedFile(path: path)
    let digest = withExtendedLifetime(file) { XXH3.hash128(file.bytes).hex }
    let codes = (0..<Int(library.pointee.count)).compactMap { index in
      library.pointee.plugins.map { PluginCode(native: $0 + index) }
    }
    let descriptions = codes.map { description(of: $0, path: path, digest: digest) }
    for (code, description) in zip(codes, descriptions) {
      try registry.register(
        PluginCreator(description, operatorType: LibraryPlugin.self) { fields in
          LibraryPlugin(description.identity, fields: description.fields.map { $0.value(in: fields) })
        })
      loaded.withLock { $0[code.identity] = code }
    }
    return descriptions
  }

  private static func fix(_ status: apus_plugin_status) -> String {
    switch status {
    case APUS_PLUGIN_WRONG_ABI: "build the library against the `apus_plugin.h` of this version"
    case APUS_PLUGIN_NO_SYMBOL: "define `const apus_plugin_library *apus_plugin_describe(uint32_t)` in it"
    case APUS_PLUGIN_UNLOADABLE: "see whether it is a shared library for this machine, with all it links to"
    case APUS_PLUGIN_NO_PROCESS: "free processes or file descriptors"
    default: "correct `apus_plugin_describe`; `Docs/Plugins.md` has an example"
    }
  }

  private static func description(of code: PluginCode, path: String, digest: String) -> PluginDescription {
    let native = code.native.pointee
    func names(_ word: String, _ count: Int32) -> [String] { (0..<count).map { "\(word)\($0)" } }
    return PluginDescription(
      code.identity.name, version: code.identity.version, namespace: code.identity.namespace,
      summary: String(cString: native.summary), inputs: names("input", native.maximum_inputs),
      outputs: names("output", native.output_count),
      fields: (0..<Int(native.field_count)).compactMap { index in
        native.fields.map { PluginField($0[index]) }
      }, origin: path, digest: digest)
  }
}

extension PluginField {
  fileprivate init(_ native: apus_plugin_field) {
    let kinds: [UInt32: Kind] = [
      APUS_PLUGIN_INT32.rawValue: .int32, APUS_PLUGIN_FLOAT32.rawValue: .float32,
      APUS_PLUGIN_STRING.rawValue: .string,
    ]
    let kind = kinds[native.kind.rawValue] ?? .int32
    let count = Int(native.default_count)
    let elements: AttributeValue? = native.default_elements.map { memory in
      .list(
        (0..<count).map { index in
          switch kind {
          case .int32: .int(Int64(memory.load(fromByteOffset: index * 4, as: Int32.self)))
          case .float32: .float(Double(memory.load(fromByteOffset: index * 4, as: Float.self)))
          case .string:
            .string(
              memory.load(
                fromByteOffset: index * MemoryLayout<UnsafePointer<CChar>?>.size,
                as: UnsafePointer<CChar>?.self
              ).map { String(cString: $0) } ?? "")
          }
        })
    }
    let least = Int(native.minimum_count)
    let most = native.maximum_count < 0 ? Int.max : max(least, Int(native.maximum_count))
    self.init(
      String(cString: native.name), kind, count: least...most, default: elements,
      String(cString: native.meaning))
  }

  func value(in fields: PluginFields) -> LibraryPlugin.Field {
    var value = LibraryPlugin.Field()
    value.name = name
    switch kind {
    case .int32: value.ints = fields.ints(name)
    case .float32: value.floats = fields.floats(name)
    case .string: value.strings = fields.strings(name)
    }
    return value
  }
}
