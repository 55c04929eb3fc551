/// Attributes as JSON: records are objects, floats that JSON lacks are `{"float": "inf"}`; tensors, graphs and types
/// are not part of kernel records and do not code.
extension AttributeValue: Codable {
  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  public init(from decoder: any Decoder) throws {
    if let container = try? decoder.container(keyedBy: Key.self) {
      if container.allKeys.count == 1, let text = try? container.decode(String.self, forKey: Key("float")),
        let number = Double(text)
      {
        self = .float(number)
        return
      }
      self = .record(
        try container.allKeys.sorted { $0.stringValue < $1.stringValue }.map {
          Field($0.stringValue, try container.decode(AttributeValue.self, forKey: $0))
        })
      return
    }
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let flag = try? container.decode(Bool.self) {
      self = .bool(flag)
    } else if let number = try? container.decode(Int64.self) {
      self = .int(number)
    } else if let number = try? container.decode(Double.self) {
      self = .float(number)
    } else if let text = try? container.decode(String.self) {
      self = .string(text)
    } else {
      self = .list(try container.decode([AttributeValue].self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .record(let fields):
      var container = encoder.container(keyedBy: Key.self)
      for field in fields { try container.encode(field.value, forKey: Key(field.name)) }
    case .float(let number) where !number.isFinite:
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(number.isNaN ? "nan" : number < 0 ? "-inf" : "inf", forKey: Key("float"))
    default:
      var container = encoder.singleValueContainer()
      switch self {
      case .bool(let flag): try container.encode(flag)
      case .int(let number): try container.encode(number)
      case .float(let number): try container.encode(number)
      case .string(let text): try container.encode(text)
      case .list(let items): try container.encode(items)
      case .type(let type): try container.encode(type.description)
      default: try container.encodeNil()
      }
    }
  }
}
