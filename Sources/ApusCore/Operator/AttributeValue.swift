/// An attribute of an operator in a form without its type: what the text form, the engine file and importers hold.
public indirect enum AttributeValue: Sendable, Hashable {
  case null
  case bool(Bool)
  case int(Int64)
  case float(Double)
  case string(String)
  case list([AttributeValue])
  case record([Field])
  case tensor(Tensor)
  case graph(Graph)
  case type(ValueType)

  public struct Field: Sendable, Hashable {
    public var name: String
    public var value: AttributeValue

    public init(_ name: String, _ value: AttributeValue) {
      self.name = name
      self.value = value
    }
  }

  public subscript(name: String) -> AttributeValue? {
    guard case .record(let fields) = self else { return nil }
    return fields.first { $0.name == name }?.value
  }
}

extension Tensor: Hashable {
  /// Equal type, shape and bits.
  public static func == (a: Tensor, b: Tensor) -> Bool {
    guard a.dtype == b.dtype, a.shape == b.shape, a.strings == b.strings else { return false }
    if a.storage === b.storage && a.byteOffset == b.byteOffset { return true }
    return a.withUnsafeBytes { x in
      b.withUnsafeBytes { y in x.elementsEqual(y) }
    }
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(dtype)
    hasher.combine(shape)
    withUnsafeBytes { hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: $0.prefix(64))) }
  }
}

extension Tensor: Codable {
  public init(from decoder: any Decoder) throws { throw AttributeCodingError.needsAttributeCoder }
  public func encode(to encoder: any Encoder) throws { throw AttributeCodingError.needsAttributeCoder }
}

extension Graph: Codable, Hashable {
  public init(from decoder: any Decoder) throws { throw AttributeCodingError.needsAttributeCoder }
  public func encode(to encoder: any Encoder) throws { throw AttributeCodingError.needsAttributeCoder }

  public static func == (a: Graph, b: Graph) -> Bool { a.description == b.description }
  public func hash(into hasher: inout Hasher) { hasher.combine(nodeCount) }
}

enum AttributeCodingError: Error {
  /// Tensors and graphs are coded by reference, by `AttributeEncoder` only.
  case needsAttributeCoder
  case mismatch(String)
}
