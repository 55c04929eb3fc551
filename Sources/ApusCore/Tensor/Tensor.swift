/// A host tensor: element type, integer shape and immutable contents, dense and row-major.
public struct Tensor: Sendable {
  public let dtype: DType
  public let shape: [Int]
  /// Numbers; empty storage for strings.
  public let storage: TensorStorage
  /// First byte of this tensor within the storage.
  public let byteOffset: Int
  /// Elements of a string tensor.
  public let strings: [String]

  public var elementCount: Int { shape.elementCount }
  public var byteCount: Int { dtype.byteCount(elementCount) }
  public var rank: Int { shape.count }
  public var type: TensorType { TensorType(dtype, Shape(shape)) }

  /// Storage seen as a tensor. `byteCount` of it must lie within the storage.
  public init(dtype: DType, shape: [Int], storage: TensorStorage, byteOffset: Int = 0) {
    self.dtype = dtype
    self.shape = shape
    self.storage = storage
    self.byteOffset = byteOffset
    strings = []
    precondition(byteOffset >= 0 && byteCount <= storage.byteCount - byteOffset, "tensor outside its storage")
  }

  /// Zeros.
  public init(_ dtype: DType, _ shape: [Int]) { self.init(dtype, shape) { _ in } }

  /// Fresh memory, zeroed, then filled in.
  public init(
    _ dtype: DType, _ shape: [Int], initialize: (UnsafeMutableRawBufferPointer) throws -> Void
  ) rethrows {
    let storage = try TensorStorage(byteCount: dtype.byteCount(shape.elementCount), initialize: initialize)
    self.init(dtype: dtype, shape: shape, storage: storage)
  }

  public init(strings: [String], shape: [Int]) {
    precondition(strings.count == shape.elementCount, "string count and shape disagree")
    dtype = .string
    self.shape = shape
    storage = TensorStorage(byteCount: 0) { _ in }
    byteOffset = 0
    self.strings = strings
  }

  /// The same contents under another shape of as many elements.
  public func reshaped(_ newShape: [Int]) -> Tensor {
    precondition(newShape.elementCount == elementCount, "reshape changes the number of elements")
    if dtype == .string { return Tensor(strings: strings, shape: newShape) }
    return Tensor(dtype: dtype, shape: newShape, storage: storage, byteOffset: byteOffset)
  }

  /// The same bytes read as another type of the same width.
  public func bitCast(to other: DType) -> Tensor {
    precondition(other.bitWidth == dtype.bitWidth, "bit cast between widths")
    return Tensor(dtype: other, shape: shape, storage: storage, byteOffset: byteOffset)
  }

  /// The bytes; they may be unaligned, so load, never bind.
  public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try withExtendedLifetime(storage) {
      try body(UnsafeRawBufferPointer(start: storage.base + byteOffset, count: byteCount))
    }
  }

  /// A view of elements `range` of a one-dimensional reading; the range must start on a byte.
  public func slice(elements range: Range<Int>, shape: [Int]) -> Tensor {
    if dtype == .string { return Tensor(strings: Array(strings[range]), shape: shape) }
    let start = range.lowerBound * dtype.bitWidth
    precondition(start % 8 == 0 && shape.elementCount == range.count, "slice off a byte boundary")
    return Tensor(dtype: dtype, shape: shape, storage: storage, byteOffset: byteOffset + start / 8)
  }
}

/// What an operator takes and gives: a tensor, a sequence, or an optional.
public indirect enum Value: Sendable {
  case tensor(Tensor)
  case sequence([Value], element: ValueType)
  case optional(Value?, element: ValueType)

  public var tensor: Tensor? {
    if case .tensor(let tensor) = self { return tensor }
    return nil
  }

  public var type: ValueType {
    switch self {
    case .tensor(let tensor): .tensor(tensor.type)
    case .sequence(_, let element): .sequence(element)
    case .optional(_, let element): .optional(element)
    }
  }
}
