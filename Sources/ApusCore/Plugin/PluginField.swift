/// A typed parameter of a plugin.
public struct PluginField: Sendable, Hashable, Codable {
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    case int32 = "INT32"
    case float32 = "FLOAT32"
    case string = "STRING"
  }

  public var name: String
  public var kind: Kind
  /// How many elements the field takes.
  public var minimumCount: Int
  public var maximumCount: Int
  /// Taken when the field is not given; nil: it must be given.
  public var defaultValue: AttributeValue?
  /// What the field means, with its unit.
  public var meaning: String

  public init(
    _ name: String, _ kind: Kind, count: ClosedRange<Int> = 1...1, default value: AttributeValue? = nil,
    _ meaning: String = ""
  ) {
    self.name = name
    self.kind = kind
    (minimumCount, maximumCount) = (count.lowerBound, count.upperBound)
    defaultValue = value
    self.meaning = meaning
  }

  /// `INT32`, `INT32[2]`, `FLOAT32[4...]`.
  public var typeText: String {
    if minimumCount == 1 && maximumCount == 1 { return kind.rawValue }
    if minimumCount == maximumCount { return "\(kind.rawValue)[\(minimumCount)]" }
    return "\(kind.rawValue)[\(minimumCount)...\(maximumCount == .max ? "" : "\(maximumCount)")]"
  }

  /// The value as a list of this field's kind; throws where kind or count differ.
  func checked(_ value: AttributeValue) throws -> [AttributeValue] {
    let items = Self.items(value).map(converted)
    let elements = items.compactMap { $0 }
    guard elements.count == items.count else {
      throw OperatorError(
        .invalidAttribute, "field '\(name)' has the wrong type", attribute: name, value: value.description,
        allowed: typeText)
    }
    guard elements.count >= minimumCount, elements.count <= maximumCount else {
      throw OperatorError(
        .invalidAttribute, "field '\(name)' has \(elements.count) elements", attribute: name,
        value: "\(elements.count)", allowed: typeText)
    }
    return elements
  }

  private static func items(_ value: AttributeValue) -> [AttributeValue] {
    switch value {
    case .list(let items): return items
    case .tensor(let tensor) where tensor.dtype.isInteger || tensor.dtype == .bool:
      return tensor.integers().map { .int($0) }
    case .tensor(let tensor) where tensor.dtype.isFloat: return tensor.doubles().map { .float($0) }
    case .tensor(let tensor) where tensor.dtype == .string: return tensor.strings.map { .string($0) }
    default: return [value]
    }
  }

  /// nil where the element is of another kind; whole numbers serve as floats too.
  private func converted(_ item: AttributeValue) -> AttributeValue? {
    switch (kind, item) {
    case (.int32, .int(let number)): Int32(exactly: number) == nil ? nil : item
    case (.int32, .bool(let flag)): .int(flag ? 1 : 0)
    case (.float32, .float(let number)): .float(Double(Float(number)))
    case (.float32, .int(let number)): .float(Double(Float(number)))
    case (.string, .string): item
    default: nil
    }
  }
}

/// Values of a plugin's fields: every one of its fields, checked, with defaults filled in.
public struct PluginFields: Sendable, Hashable {
  private let values: [String: [AttributeValue]]

  /// Throws an `OperatorError` that names every field that is unknown, or the first that is missing or malformed.
  public init(_ given: [String: AttributeValue], for fields: [PluginField]) throws {
    let unknown = given.keys.filter { name in !fields.contains { $0.name == name } }.sorted()
    guard unknown.isEmpty else {
      let near = unknown.compactMap { NearestName.of($0, in: fields.map(\.name)) }
      throw OperatorError(
        .invalidAttribute,
        unknown.count == 1
          ? "the plugin has no field '\(unknown[0])'"
          : "the plugin has no fields \(unknown.map { "'\($0)'" }.joined(separator: ", "))",
        attribute: unknown.joined(separator: ", "), allowed: fields.map(\.name).joined(separator: ", "),
        fix: near.isEmpty ? "remove it" : "did you mean \(near.joined(separator: ", "))?")
    }
    var values: [String: [AttributeValue]] = [:]
    for field in fields {
      guard let value = given[field.name] ?? field.defaultValue else {
        throw OperatorError(
          .invalidAttribute, "field '\(field.name)' is missing", attribute: field.name,
          allowed: field.typeText, fix: "give it: \(field.meaning)")
      }
      values[field.name] = try field.checked(value)
    }
    self.values = values
  }

  /// All elements of an INT32 field; empty when there is no such field.
  public func ints(_ name: String) -> [Int] {
    (values[name] ?? []).compactMap { if case .int(let number) = $0 { Int(number) } else { nil } }
  }

  /// All elements of a FLOAT32 field.
  public func floats(_ name: String) -> [Float] {
    (values[name] ?? []).compactMap { if case .float(let number) = $0 { Float(number) } else { nil } }
  }

  public func strings(_ name: String) -> [String] {
    (values[name] ?? []).compactMap { if case .string(let text) = $0 { text } else { nil } }
  }

  public func int(_ name: String) -> Int { ints(name).first ?? 0 }
  public func float(_ name: String) -> Float { floats(name).first ?? 0 }
  public func flag(_ name: String) -> Bool { int(name) != 0 }

  /// The fields as an attribute: a record in the order of names.
  public var record: AttributeValue {
    .record(values.sorted { $0.key < $1.key }.map { AttributeValue.Field($0.key, .list($0.value)) })
  }
}
