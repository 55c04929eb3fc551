/// Turns an operator's stored properties into attributes, through its synthesized `Encodable`.
public struct AttributeEncoder {
  /// Every stored property, in the order of declaration.
  public static func encode(_ value: some Encodable) throws -> AttributeValue {
    if let leaf = leaf(value) { return leaf }
    let box = Box()
    try value.encode(to: TreeEncoder(box: box, codingPath: []))
    return box.result
  }

  /// Only the properties that differ from the operator's defaults.
  public static func encodeDifferences<O: Operator>(_ op: O) throws -> [AttributeValue.Field] {
    guard case .record(let fields) = try encode(op) else { return [] }
    let defaults = try encode(O())
    return fields.filter { defaults[$0.name] != $0.value }
  }

  static func leaf(_ value: some Encodable) -> AttributeValue? {
    switch value {
    case let value as Tensor: .tensor(value)
    case let value as Graph: .graph(value)
    case let value as ValueType: .type(value)
    case let value as TensorType: .type(.tensor(value))
    default: nil
    }
  }

  /// The slot that an encoder writes.
  final class Box {
    var value = AttributeValue.null
    var fields: [(String, Box)]?
    var items: [Box]?

    var result: AttributeValue {
      if let fields { return .record(fields.map { AttributeValue.Field($0.0, $0.1.result) }) }
      if let items { return .list(items.map(\.result)) }
      return value
    }
  }
}

extension AttributeEncoder {
  fileprivate struct TreeEncoder: Encoder {
    let box: Box
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
      if box.fields == nil { box.fields = [] }
      return KeyedEncodingContainer(Keyed<Key>(box: box, codingPath: codingPath))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
      if box.items == nil { box.items = [] }
      return Unkeyed(box: box, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
      Single(box: box, codingPath: codingPath)
    }
  }

  fileprivate static func write(_ value: some Encodable, to box: Box, path: [any CodingKey]) throws {
    switch value {
    case let value as Bool: box.value = .bool(value)
    case let value as String: box.value = .string(value)
    case let value as Double: box.value = .float(value)
    case let value as Float: box.value = .float(Double(value))
    case let value as any BinaryInteger: box.value = .int(Int64(truncatingIfNeeded: value))
    default:
      if let leaf = leaf(value) {
        box.value = leaf
      } else {
        try value.encode(to: TreeEncoder(box: box, codingPath: path))
      }
    }
  }

  fileprivate struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let box: Box
    let codingPath: [any CodingKey]

    private func slot(_ key: Key) -> Box {
      let slot = Box()
      box.fields?.append((key.stringValue, slot))
      return slot
    }

    mutating func encodeNil(forKey key: Key) throws { _ = slot(key) }
    mutating func encode(_ value: some Encodable, forKey key: Key) throws {
      try AttributeEncoder.write(value, to: slot(key), path: codingPath + [key])
    }
    /// Absent values leave a null behind, so that the attribute's name is known.
    private mutating func optional(_ value: (some Encodable)?, _ key: Key) throws {
      if let value { try encode(value, forKey: key) } else { try encodeNil(forKey: key) }
    }
    mutating func encodeIfPresent(_ value: (some Encodable)?, forKey key: Key) throws {
      try optional(value, key)
    }
    // The protocol's own versions for these types skip what is absent.
    mutating func encodeIfPresent(_ value: Bool?, forKey key: Key) throws { try optional(value, key) }
    mutating func encodeIfPresent(_ value: String?, forKey key: Key) throws { try optional(value, key) }
    mutating func encodeIfPresent(_ value: Double?, forKey key: Key) throws { try optional(value, key) }
    mutating func encodeIfPresent(_ value: Float?, forKey key: Key) throws { try optional(value, key) }
    mutating func encodeIfPresent(_ value: Int?, forKey key: Key) throws { try optional(value, key) }
    mutating func encodeIfPresent(_ value: Int8?, forKey key: Key) throws { try optional(value, key) }
    mutating func encodeIfPresent(_ value: Int16?, forKey key: Key) throws { try optional(value, key) }
    mutating func encodeIfPresent(_ value: Int32?, forKey key: Key) throws { try optional(value, key) }
    mutating func encodeIfPresent(_ value: Int64?, forKey key: Key) throws { try optional(value, key) }
    mutating func encodeIfPresent(_ value: UInt?, forKey key: Key) throws { try optional(value, key) }
    mutating func encodeIfPresent(_ value: UInt8?, forKey key: Key) throws { try optional(value, key) }
    mutating func encodeIfPresent(_ value: UInt16?, forKey key: Key) throws { try optional(value, key) }
    mutating func encodeIfPresent(_ value: UInt32?, forKey key: Key) throws { try optional(value, key) }
    mutating func encodeIfPresent(_ value: UInt64?, forKey key: Key) throws { try optional(value, key) }
    mutating func nestedContainer<Nested: CodingKey>(
      keyedBy keyType: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
      TreeEncoder(box: slot(key), codingPath: codingPath + [key]).container(keyedBy: keyType)
    }
    mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
      TreeEncoder(box: slot(key), codingPath: codingPath + [key]).unkeyedContainer()
    }
    mutating func superEncoder() -> any Encoder { TreeEncoder(box: Box(), codingPath: codingPath) }
    mutating func superEncoder(forKey key: Key) -> any Encoder {
      TreeEncoder(box: slot(key), codingPath: codingPath)
    }
  }

  fileprivate struct Unkeyed: UnkeyedEncodingContainer {
    let box: Box
    let codingPath: [any CodingKey]
    var count: Int { box.items?.count ?? 0 }

    private func slot() -> Box {
      let slot = Box()
      box.items?.append(slot)
      return slot
    }

    mutating func encodeNil() throws { _ = slot() }
    mutating func encode(_ value: some Encodable) throws {
      try AttributeEncoder.write(value, to: slot(), path: codingPath)
    }
    mutating func nestedContainer<Nested: CodingKey>(keyedBy keyType: Nested.Type) -> KeyedEncodingContainer<
      Nested
    > {
      TreeEncoder(box: slot(), codingPath: codingPath).container(keyedBy: keyType)
    }
    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
      TreeEncoder(box: slot(), codingPath: codingPath).unkeyedContainer()
    }
    mutating func superEncoder() -> any Encoder { TreeEncoder(box: slot(), codingPath: codingPath) }
  }

  fileprivate struct Single: SingleValueEncodingContainer {
    let box: Box
    let codingPath: [any CodingKey]

    mutating func encodeNil() throws { box.value = .null }
    mutating func encode(_ value: some Encodable) throws {
      try AttributeEncoder.write(value, to: box, path: codingPath)
    }
  }
}
