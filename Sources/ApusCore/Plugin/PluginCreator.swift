/// Name, version and namespace: what makes a plugin one of its kind.
public struct PluginIdentity: Sendable, Hashable, Codable {
  public var name: String
  public var version: String
  public var namespace: String

  public init(_ name: String, version: String = "1", namespace: String = "") {
    self.name = name
    self.version = version
    self.namespace = namespace
  }
}

extension PluginIdentity: CustomStringConvertible {
  /// `RetinaNetDecode version 1`, `mine::Scale version 2`.
  public var description: String {
    (namespace.isEmpty ? "" : "\(namespace)::") + "\(name) version \(version)"
  }
}

/// What a plugin is, for lists and checks.
public struct PluginDescription: Sendable, Hashable, Codable {
  public var identity: PluginIdentity
  /// What it does, one sentence.
  public var summary: String
  /// Names of inputs; a `?` at the end marks optional ones, `...` a list of any length.
  public var inputs: [String]
  public var outputs: [String]
  public var fields: [PluginField]
  /// Where the code lies: `built in`, `program`, or the path of a library.
  public var origin: String
  /// Changes whenever the code may compute something else; engines built with another digest are refused.
  public var digest: String

  public init(
    _ name: String, version: String = "1", namespace: String = "", summary: String = "",
    inputs: [String] = [], outputs: [String] = [], fields: [PluginField] = [], origin: String = "program",
    digest: String? = nil
  ) {
    identity = PluginIdentity(name, version: version, namespace: namespace)
    self.summary = summary
    self.inputs = inputs
    self.outputs = outputs
    self.fields = fields
    self.origin = origin
    self.digest = digest ?? Self.digest(of: identity, fields)
  }

  /// The digest of a plugin in Swift: its interface. A new meaning under the same interface needs a new version.
  private static func digest(of identity: PluginIdentity, _ fields: [PluginField]) -> String {
    let text = fields.map { "\($0.name):\($0.typeText)=\($0.defaultValue?.description ?? "")" }
    let bytes = Array("\(identity)|\(text.joined(separator: ","))".utf8)
    return bytes.withUnsafeBytes { XXH3.hash128($0).hex }
  }
}

/// Makes operators from fields: what a registry holds.
public struct PluginCreator: Sendable {
  public let description: PluginDescription
  /// The type of the operators made; text form and engines name it.
  public let operatorType: any Operator.Type
  private let make: @Sendable (PluginFields) throws -> any Operator

  /// `make` throws an `OperatorError` for values that the plugin cannot take.
  public init(
    _ description: PluginDescription, operatorType: any Operator.Type,
    make: @escaping @Sendable (PluginFields) throws -> any Operator
  ) {
    self.description = description
    self.operatorType = operatorType
    self.make = make
  }

  /// The creator of a plugin written in Swift.
  public init(_ plugin: any Plugin.Type) {
    self.init(plugin.plugin, operatorType: plugin) { try plugin.init(fields: $0) }
  }

  public var identity: PluginIdentity { description.identity }

  /// The operator with these fields; what is not given takes its default.
  public func makeOperator(_ fields: [String: AttributeValue]) throws -> any Operator {
    try make(PluginFields(fields, for: description.fields))
  }
}

/// An operator that came from a plugin; engines note its identity and digest.
public protocol PluginOperator: Operator {
  var pluginIdentity: PluginIdentity { get }
}

/// A plugin written in Swift: an operator with a description of its fields.
///
/// Its stored properties are what text form and engines hold; `infer` gives types with symbolic sizes for any number
/// of inputs and outputs, `evaluate` is the reference that every faster implementation is held against.
public protocol Plugin: PluginOperator {
  static var plugin: PluginDescription { get }
  init(fields: PluginFields) throws
}

extension Plugin {
  public var pluginIdentity: PluginIdentity { Self.plugin.identity }
}
