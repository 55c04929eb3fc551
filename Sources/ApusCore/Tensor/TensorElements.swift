internal import CApusKernels

// Element access in a wide type: references compute in Double or Int64 and round once on the way out.

extension Tensor {
  /// A tensor of native elements (Float, Double, Int64, UInt8, Bool …), in row-major order.
  public init<T: TensorElement>(_ elements: [T], shape: [Int]) {
    precondition(elements.count == shape.elementCount, "element count and shape disagree")
    self.init(T.dtype, shape) { bytes in
      elements.withUnsafeBytes { bytes.copyMemory(from: $0) }
    }
  }

  /// A vector.
  public init<T: TensorElement>(_ elements: [T]) { self.init(elements, shape: [elements.count]) }

  /// A scalar (rank 0).
  public init<T: TensorElement>(scalar: T) { self.init([scalar], shape: []) }

  /// The elements in their own type; `T` must be the native type of `dtype`.
  public func elements<T: TensorElement>(as type: T.Type = T.self) -> [T] {
    precondition(T.dtype == dtype, "elements read in another type")
    return withUnsafeBytes { bytes in
      [T](unsafeUninitializedCapacity: elementCount) { buffer, count in
        UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
        count = elementCount
      }
    }
  }

  /// Any tensor as doubles: the real part of complex numbers; of strings what they spell, NaN where that is no number.
  public func doubles() -> [Double] {
    switch dtype {
    case .f32: return elements(as: Float.self).map(Double.init)
    case .f64: return elements()
    case .c64, .c128: return complex().map(\.real)
    case .string: return strings.map { Double($0) ?? .nan }
    // Spelled out: `Double.init` as a function would take the bits of a UInt64.
    case .u64: return elements(as: UInt64.self).map { Double($0) }
    case _ where dtype.isFloat:
      let decode = SmallFloat.decoder(dtype)
      return bitPatterns().map(decode)
    default: return integers().map(Double.init)
    }
  }

  /// Any integer or bool tensor as Int64 (`u64` keeps its bit pattern); floats are cut towards zero.
  public func integers() -> [Int64] {
    switch dtype {
    case .i64: return elements()
    case .i32: return elements(as: Int32.self).map(Int64.init)
    case .i16: return elements(as: Int16.self).map(Int64.init)
    case .i8: return elements(as: Int8.self).map(Int64.init)
    case .u64: return elements(as: UInt64.self).map { Int64(bitPattern: $0) }
    case .bool: return bitPatterns().map { $0 == 0 ? 0 : 1 }
    case .i4, .i2:
      let shift = 64 - UInt64(dtype.bitWidth)
      return bitPatterns().map { Int64(bitPattern: UInt64($0) << shift) >> Int64(shift) }
    case _ where dtype.isUnsignedInteger: return bitPatterns().map(Int64.init)
    default: return doubles().map { Int64(clamping: $0) }
    }
  }

  /// Raw bits of types of up to 32 bits, one number an element; packed types are unpacked, low bits first.
  public func bitPatterns() -> [UInt32] {
    let count = elementCount
    return withUnsafeBytes { bytes in
      switch dtype.bitWidth {
      case 8: return (0..<count).map { UInt32(bytes[$0]) }
      case 16: return (0..<count).map { UInt32(bytes.loadUnaligned(fromByteOffset: $0 * 2, as: UInt16.self)) }
      case 32: return (0..<count).map { bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self) }
      case let width where width < 8 && width > 0:
        let perByte = 8 / width
        let mask = UInt32(1) << UInt32(width) - 1
        return (0..<count).map { UInt32(bytes[$0 / perByte]) >> UInt32($0 % perByte * width) & mask }
      default: preconditionFailure("bit patterns of \(dtype)")
      }
    }
  }

  /// A tensor from raw bits (see `bitPatterns`).
  public init(bitPatterns: [UInt32], _ dtype: DType, _ shape: [Int]) {
    self.init(dtype, shape) { bytes in
      switch dtype.bitWidth {
      case 8: for (index, bits) in bitPatterns.enumerated() { bytes[index] = UInt8(truncatingIfNeeded: bits) }
      case 16:
        for (index, bits) in bitPatterns.enumerated() {
          bytes.storeBytes(of: UInt16(truncatingIfNeeded: bits), toByteOffset: index * 2, as: UInt16.self)
        }
      case 32:
        for (index, bits) in bitPatterns.enumerated() {
          bytes.storeBytes(of: bits, toByteOffset: index * 4, as: UInt32.self)
        }
      case let width where width < 8 && width > 0:
        let perByte = 8 / width
        let mask = UInt32(1) << UInt32(width) - 1
        for (index, bits) in bitPatterns.enumerated() {
          bytes[index / perByte] |= UInt8(
            truncatingIfNeeded: (bits & mask) << UInt32(index % perByte * width))
        }
      default: preconditionFailure("bit patterns of \(dtype)")
      }
    }
  }

  /// Rounds doubles into any type: floats to nearest even, integers cut towards zero and wrapped, strings spelled.
  public init(doubles: [Double], _ dtype: DType, _ shape: [Int]) {
    switch dtype {
    case .f64: self.init(doubles, shape: shape)
    case .f32: self.init(doubles.map { Float($0) }, shape: shape)
    case .bool: self.init(doubles.map { $0 != 0 }, shape: shape)
    case .string: self.init(strings: doubles.map(\.description), shape: shape)
    case .c64, .c128: self.init(complex: doubles.map { Complex($0, 0) }, dtype, shape)
    case .u64: self.init(doubles.map { UInt64(clamping: $0) }, shape: shape)
    case _ where dtype.isFloat:
      let encode = SmallFloat.encoder(dtype, saturate: false)
      self.init(bitPatterns: doubles.map(encode), dtype, shape)
    default: self.init(integers: doubles.map { Int64(clamping: $0) }, dtype, shape)
    }
  }

  /// The elements rounded into another numeric type, without a copy of all of them in double precision.
  public func converted(to target: DType) -> Tensor {
    if dtype == target { return self }
    if let (from, to) = dtype.native.flatMap({ from in target.native.map { (from, $0) } }) {
      return Tensor(target, shape) { bytes in
        withUnsafeBytes { apus_convert(from, $0.baseAddress, to, bytes.baseAddress, elementCount, nil) }
      }
    }
    guard dtype.bitWidth >= 8, target.bitWidth >= 8, dtype != .string, target != .string else {
      return Tensor(doubles: doubles(), target, shape)
    }
    let (count, width, piece) = (elementCount, target.bitWidth / 8, 1 << 15)
    return Tensor(target, shape) { bytes in
      for start in stride(from: 0, to: count, by: piece) {
        let size = min(piece, count - start)
        let numbers = slice(elements: start..<start + size, shape: [size]).doubles()
        Tensor(doubles: numbers, target, [size]).withUnsafeBytes {
          UnsafeMutableRawBufferPointer(rebasing: bytes[(start * width)...]).copyMemory(from: $0)
        }
      }
    }
  }

  /// Wraps integers into any numeric type.
  public init(integers: [Int64], _ dtype: DType, _ shape: [Int]) {
    switch dtype {
    case .i64: self.init(integers, shape: shape)
    case .u64: self.init(integers.map { UInt64(bitPattern: $0) }, shape: shape)
    case .bool: self.init(integers.map { $0 != 0 }, shape: shape)
    case _ where dtype.isInteger:
      self.init(bitPatterns: integers.map { UInt32(truncatingIfNeeded: $0) }, dtype, shape)
    default: self.init(doubles: integers.map(Double.init), dtype, shape)
    }
  }

  /// One number repeated.
  public init(filling value: Double, _ dtype: DType, _ shape: [Int]) {
    self.init(doubles: [Double](repeating: value, count: shape.elementCount), dtype, shape)
  }
}

extension Int64 {
  /// Cuts towards zero; NaN becomes 0 and values outside the range the nearest end.
  init(clamping value: Double) {
    if value.isNaN {
      self = 0
    } else {
      self = Int64(exactly: value.rounded(.towardZero)) ?? (value < 0 ? .min : .max)
    }
  }
}

extension UInt64 {
  init(clamping value: Double) {
    if value.isNaN || value <= 0 {
      self = value <= -1 ? UInt64(bitPattern: Int64(clamping: value)) : 0
    } else {
      self = UInt64(exactly: value.rounded(.towardZero)) ?? .max
    }
  }
}

extension DType {
  /// The C kernels' name of a float type that holds no more than FP32, whose conversions round once.
  fileprivate var native: apus_dtype? {
    switch self {
    case .f32: APUS_F32
    case .f16: APUS_F16
    case .bf16: APUS_BF16
    default: nil
    }
  }
}
