/// Dimensions from the outermost to the innermost.
public typealias Shape = [Dim]

/// Element type and shape of a tensor; `shape` is nil while the rank is unknown.
public struct TensorType: Hashable, Sendable {
  public var dtype: DType
  public var shape: Shape?

  public init(_ dtype: DType, _ shape: Shape?) {
    self.dtype = dtype
    self.shape = shape
  }

  public var rank: Int? { shape?.count }

  /// The shape as integers, when every dimension is one.
  public var staticShape: [Int]? {
    guard let shape else { return nil }
    let values = shape.compactMap(\.value)
    return values.count == shape.count ? values : nil
  }
}

/// What flows along an edge of a graph.
public indirect enum ValueType: Hashable, Sendable {
  case tensor(TensorType)
  case sequence(ValueType)
  case optional(ValueType)

  public static func tensor(_ dtype: DType, _ shape: Shape?) -> ValueType {
    .tensor(TensorType(dtype, shape))
  }

  public var tensor: TensorType? {
    if case .tensor(let type) = self { return type }
    return nil
  }
}

extension TensorType: CustomStringConvertible {
  /// `f32[batch,3,224,224]`, `i64[]` for a scalar, `f32[*]` for an unknown rank.
  public var description: String {
    guard let shape else { return "\(dtype.rawValue)[*]" }
    return "\(dtype.rawValue)[\(shape.map(\.description).joined(separator: ","))]"
  }
}

extension ValueType: CustomStringConvertible {
  public var description: String {
    switch self {
    case .tensor(let type): type.description
    case .sequence(let element): "seq(\(element))"
    case .optional(let element): "optional(\(element))"
    }
  }
}

extension Array where Element == Dim {
  /// Product of all dimensions; 1 for a scalar.
  public var elementCount: Dim { reduce(1) { $0 * $1 } }

  public init(_ sizes: [Int]) { self = sizes.map { Dim.constant($0) } }
}

extension Array where Element == Int {
  /// Number of elements of a shape, saturating.
  public var elementCount: Int { reduce(1) { saturatingMultiply($0, $1) } }

  /// Strides in elements of a dense row-major tensor of this shape.
  public var rowMajorStrides: [Int] {
    var strides = [Int](repeating: 1, count: count)
    for axis in stride(from: count - 2, through: 0, by: -1) {
      strides[axis] = saturatingMultiply(strides[axis + 1], self[axis + 1])
    }
    return strides
  }
}

extension ValueType: Codable {
  /// The text form: `f32[batch,3]`.
  public init(from decoder: any Decoder) throws {
    var scanner = TextScanner(try decoder.singleValueContainer().decode(String.self))
    self = try scanner.scanType()
    try scanner.expectEnd()
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

extension TensorType: Codable {
  public init(from decoder: any Decoder) throws {
    guard let type = try ValueType(from: decoder).tensor else {
      throw AttributeCodingError.mismatch("expected a tensor type")
    }
    self = type
  }

  public func encode(to encoder: any Encoder) throws { try ValueType.tensor(self).encode(to: encoder) }
}
