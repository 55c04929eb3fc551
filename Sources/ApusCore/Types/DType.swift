/// Element types of tensors: every type of ONNX 1.22, under the names that the text form and the reports use.
public enum DType: String, Hashable, Sendable, Codable, CaseIterable {
  case bool
  case u2, u4, u8, u16, u32, u64
  case i2, i4, i8, i16, i32, i64
  case f4e2m1
  case f8e4m3fn, f8e4m3fnuz, f8e5m2, f8e5m2fnuz, f8e8m0
  case f16, bf16, f32, f64
  case c64, c128
  case string

  /// Width of one element in bits; strings have none (0) and live outside the byte storage.
  public var bitWidth: Int {
    switch self {
    case .u2, .i2: 2
    case .u4, .i4, .f4e2m1: 4
    case .bool, .u8, .i8, .f8e4m3fn, .f8e4m3fnuz, .f8e5m2, .f8e5m2fnuz, .f8e8m0: 8
    case .u16, .i16, .f16, .bf16: 16
    case .u32, .i32, .f32: 32
    case .u64, .i64, .f64, .c64: 64
    case .c128: 128
    case .string: 0
    }
  }

  /// Bytes of `count` elements; types under eight bits are packed, the last byte padded.
  public func byteCount(_ count: Int) -> Int {
    let (bits, overflow) = count.multipliedReportingOverflow(by: bitWidth)
    return overflow || bits > Int.max - 7 ? Int.max : (bits + 7) / 8
  }

  public var isFloat: Bool {
    switch self {
    case .f16, .bf16, .f32, .f64: true
    default: isMiniFloat
    }
  }

  /// Floating-point types of eight bits and fewer.
  public var isMiniFloat: Bool {
    switch self {
    case .f4e2m1, .f8e4m3fn, .f8e4m3fnuz, .f8e5m2, .f8e5m2fnuz, .f8e8m0: true
    default: false
    }
  }

  public var isInteger: Bool { isSignedInteger || isUnsignedInteger }

  public var isSignedInteger: Bool {
    switch self {
    case .i2, .i4, .i8, .i16, .i32, .i64: true
    default: false
    }
  }

  public var isUnsignedInteger: Bool {
    switch self {
    case .u2, .u4, .u8, .u16, .u32, .u64: true
    default: false
    }
  }

  public var isComplex: Bool { self == .c64 || self == .c128 }

  /// Smallest and largest value of an integer type (`u64` is cut at `Int64.max`); nil for other types.
  public var integerRange: ClosedRange<Int64>? {
    switch self {
    case .i64: return Int64.min...Int64.max
    case .u64: return 0...Int64.max
    case _ where isSignedInteger:
      let half = Int64(1) << (bitWidth - 1)
      return -half...(half - 1)
    case _ where isUnsignedInteger: return 0...((Int64(1) << bitWidth) - 1)
    default: return nil
    }
  }
}
