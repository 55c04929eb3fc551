/// Fills an operator's stored properties from attributes; what is absent keeps the operator's default.
public struct AttributeDecoder {
  public static func decode<O: Operator>(_ type: O.Type, from fields: [AttributeValue.Field]) throws -> O {
    guard case .record(var all) = try AttributeEncoder.encode(O()) else {
      return O()
    }
    for field in fields {
      guard let index = all.firstIndex(where: { $0.name == field.name }) else {
        throw AttributeCodingError.mismatch("\(O.name) has no attribute '\(field.name)'")
      }
      all[index].value = field.value
    }
    return try O(from: TreeDecoder(value: .record(all), codingPath: []))
  }

  public static func decode<T: Decodable>(_ type: T.Type, from value: AttributeValue) throws -> T {
    try read(type, value, path: [])
  }

  fileprivate static func read<T: Decodable>(_ type: T.Type, _ value: AttributeValue, path: [any CodingKey])
    throws -> T
  {
    let leaf: Any?
    switch value {
    case .tensor(let tensor): leaf = tensor
    case .graph(let graph): leaf = graph
    case .type(let valueType): leaf = type == TensorType.self ? valueType.tensor as Any : valueType
    case .bool(let flag): leaf = flag
    case .string(let text): leaf = text
    case .float(let number): leaf = type == Float.self ? Float(number) as Any : number
    case .int(let number): leaf = integer(number, as: type)
    default: leaf = nil
    }
    // An absent leaf must not pass for an optional that is nil.
    if let leaf, let typed = leaf as? T { return typed }
    return try T(from: TreeDecoder(value: value, codingPath: path))
  }

  private static func integer(_ number: Int64, as type: Any.Type) -> Any? {
    if let wanted = type as? any FixedWidthInteger.Type { return wanted.init(exactly: number) }
    if type == Double.self { return Double(number) }
    if type == Float.self { return Float(number) }
    return nil
  }
}

extension AttributeDecoder {
  fileprivate struct TreeDecoder: Decoder {
    let value: AttributeValue
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
      guard case .record(let fields) = value else { throw AttributeCodingError.mismatch("expected a record") }
      return KeyedDecodingContainer(Keyed<Key>(fields: fields, codingPath: codingPath))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
      guard case .list(let items) = value else { throw AttributeCodingError.mismatch("expected a list") }
      return Unkeyed(items: items, codingPath: codingPath)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer {
      Single(value: value, codingPath: codingPath)
    }
  }

  fileprivate struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let fields: [AttributeValue.Field]
    let codingPath: [any CodingKey]
    var allKeys: [Key] { fields.compactMap { Key(stringValue: $0.name) } }

    private func field(_ key: Key) throws -> AttributeValue {
      guard let field = fields.first(where: { $0.name == key.stringValue }) else {
        throw AttributeCodingError.mismatch("no attribute '\(key.stringValue)'")
      }
      return field.value
    }

    func contains(_ key: Key) -> Bool { fields.contains { $0.name == key.stringValue } }
    func decodeNil(forKey key: Key) throws -> Bool { try field(key) == .null }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
      try AttributeDecoder.read(type, field(key), path: codingPath + [key])
    }
    func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
      try TreeDecoder(value: field(key), codingPath: codingPath + [key]).container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
      try TreeDecoder(value: field(key), codingPath: codingPath + [key]).unkeyedContainer()
    }
    func superDecoder() throws -> any Decoder { TreeDecoder(value: .record(fields), codingPath: codingPath) }
    func superDecoder(forKey key: Key) throws -> any Decoder {
      TreeDecoder(value: try field(key), codingPath: codingPath + [key])
    }
  }

  fileprivate struct Unkeyed: UnkeyedDecodingContainer {
    let items: [AttributeValue]
    let codingPath: [any CodingKey]
    var currentIndex = 0
    var count: Int? { items.count }
    var isAtEnd: Bool { currentIndex >= items.count }

    init(items: [AttributeValue], codingPath: [any CodingKey]) {
      self.items = items
      self.codingPath = codingPath
    }

    private mutating func next() throws -> AttributeValue {
      guard !isAtEnd else { throw AttributeCodingError.mismatch("list too short") }
      currentIndex += 1
      return items[currentIndex - 1]
    }

    mutating func decodeNil() throws -> Bool {
      guard !isAtEnd, items[currentIndex] == .null else { return false }
      currentIndex += 1
      return true
    }
    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
      try AttributeDecoder.read(type, next(), path: codingPath)
    }
    mutating func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
      try TreeDecoder(value: next(), codingPath: codingPath).container(keyedBy: type)
    }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
      try TreeDecoder(value: next(), codingPath: codingPath).unkeyedContainer()
    }
    mutating func superDecoder() throws -> any Decoder {
      TreeDecoder(value: try next(), codingPath: codingPath)
    }
  }

  fileprivate struct Single: SingleValueDecodingContainer {
    let value: AttributeValue
    let codingPath: [any CodingKey]

    func decodeNil() -> Bool { value == .null }
    func decode<T: Decodable>(_ type: T.Type) throws -> T {
      if let leaf = numeric(type), let number = leaf as? T { return number }
      switch value {
      case .record, .list: return try T(from: TreeDecoder(value: value, codingPath: codingPath))
      default: throw AttributeCodingError.mismatch("attribute value \(value) is no \(type)")
      }
    }

    private func numeric(_ type: Any.Type) -> Any? {
      switch value {
      case .bool(let flag): return flag
      case .string(let text): return text
      case .float(let number): return type == Float.self ? Float(number) as Any : number
      case .int(let number):
        if let wanted = type as? any FixedWidthInteger.Type { return wanted.init(exactly: number) }
        return type == Float.self ? Float(number) as Any : Double(number)
      default: return nil
      }
    }
  }
}
