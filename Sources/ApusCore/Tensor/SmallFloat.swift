/// Conversions between Double and the floating-point types of sixteen bits and fewer.
///
/// Formats: IEEE 754 binary16, bfloat16, OCP FP8 (E4M3FN, E5M2), the FNUZ variants of Graphcore/AMD, OCP MX scales
/// (E8M0) and FP4 (E2M1). Rounding is to nearest even from the double directly, so nothing is rounded twice.
public enum SmallFloat {
  /// How a format spends its bits and its top codes.
  struct Format {
    let exponentBits: Int
    let mantissaBits: Int
    let bias: Int
    /// Whether an all-ones exponent means infinity and NaN, as in IEEE 754.
    let ieee: Bool
    /// Code of NaN in formats without infinities; nil: no NaN at all.
    let nan: UInt32?
    /// Formats whose negative zero is their NaN.
    let unsignedZero: Bool

    var maxFinite: Double {
      let top = (1 << exponentBits) - 1
      let exponent = (ieee ? top - 1 : top) - bias
      var mantissa = Double((1 << mantissaBits) - 1)
      if !ieee, let nan,
        nan & ((1 << UInt32(exponentBits + mantissaBits)) - 1) == (1 << UInt32(exponentBits + mantissaBits))
          - 1
      {
        mantissa -= 1  // the top code is taken by NaN
      }
      return (1 + mantissa / Double(1 << mantissaBits)) * exp2Exactly(exponent)
    }
  }

  static func format(_ dtype: DType) -> Format? {
    switch dtype {
    case .f16:
      Format(exponentBits: 5, mantissaBits: 10, bias: 15, ieee: true, nan: 0x7E00, unsignedZero: false)
    case .bf16:
      Format(exponentBits: 8, mantissaBits: 7, bias: 127, ieee: true, nan: 0x7FC0, unsignedZero: false)
    case .f8e5m2:
      Format(exponentBits: 5, mantissaBits: 2, bias: 15, ieee: true, nan: 0x7F, unsignedZero: false)
    case .f8e4m3fn:
      Format(exponentBits: 4, mantissaBits: 3, bias: 7, ieee: false, nan: 0x7F, unsignedZero: false)
    case .f8e4m3fnuz:
      Format(exponentBits: 4, mantissaBits: 3, bias: 8, ieee: false, nan: 0x80, unsignedZero: true)
    case .f8e5m2fnuz:
      Format(exponentBits: 5, mantissaBits: 2, bias: 16, ieee: false, nan: 0x80, unsignedZero: true)
    case .f4e2m1:
      Format(exponentBits: 2, mantissaBits: 1, bias: 1, ieee: false, nan: nil, unsignedZero: false)
    default: nil
    }
  }

  /// Largest finite value of a small float type; infinity for types that are not small.
  public static func maxFinite(_ dtype: DType) -> Double {
    if dtype == .f8e8m0 { return exp2Exactly(127) }
    return format(dtype)?.maxFinite ?? .infinity
  }

  /// Bits to value.
  public static func decoder(_ dtype: DType) -> (UInt32) -> Double {
    if dtype == .f8e8m0 { return { $0 == 255 ? .nan : exp2Exactly(Int($0) - 127) } }
    guard let format = format(dtype) else { preconditionFailure("\(dtype) is no small float") }
    return { decode($0, format) }
  }

  /// Value to bits. With `saturate`, what is too large becomes the largest finite value; without, infinity (or NaN
  /// where the format has no infinity).
  public static func encoder(_ dtype: DType, saturate: Bool) -> (Double) -> UInt32 {
    if dtype == .f8e8m0 { return { encodeScale($0) } }
    guard let format = format(dtype) else { preconditionFailure("\(dtype) is no small float") }
    let maxFinite = format.maxFinite
    return { encode($0, format, maxFinite: maxFinite, saturate: saturate || format.nan == nil) }
  }

  static func decode(_ bits: UInt32, _ format: Format) -> Double {
    let (e, m) = (UInt32(format.exponentBits), UInt32(format.mantissaBits))
    if !format.ieee, let nan = format.nan,
      bits == nan || (!format.unsignedZero && bits & ~(1 << (e + m)) == nan)
    {
      return .nan
    }
    let negative = bits >> (e + m) & 1 == 1
    let exponent = Int(bits >> m & ((1 << e) - 1))
    let mantissa = Double(bits & ((1 << m) - 1))
    let magnitude: Double
    if format.ieee && exponent == (1 << Int(e)) - 1 {
      magnitude = mantissa == 0 ? .infinity : .nan
    } else if exponent == 0 {
      magnitude = mantissa * exp2Exactly(1 - format.bias - Int(m))
    } else {
      magnitude = (1 + mantissa / Double(1 << m)) * exp2Exactly(exponent - format.bias)
    }
    return negative ? -magnitude : magnitude
  }

  static func encode(_ value: Double, _ format: Format, maxFinite: Double, saturate: Bool) -> UInt32 {
    let (e, m) = (UInt32(format.exponentBits), UInt32(format.mantissaBits))
    if value.isNaN { return format.nan ?? 0 }
    let sign: UInt32 = value.sign == .minus ? 1 << (e + m) : 0
    let magnitude = abs(value)
    if magnitude == 0 { return format.unsignedZero ? 0 : sign }
    // Quantum of the binade, then round half to even in units of it.
    let exponent = max(magnitude.isInfinite ? 1023 : Int(magnitude.exponent), 1 - format.bias)
    let quantum = exp2Exactly(exponent - Int(m))
    let rounded = magnitude.isInfinite ? magnitude : (magnitude / quantum).rounded(.toNearestOrEven) * quantum
    if rounded > maxFinite {
      if saturate { return sign | encode(maxFinite, format, maxFinite: maxFinite, saturate: true) }
      if format.ieee { return sign | (((1 << e) - 1) << m) }
      return format.unsignedZero ? 0x80 : sign | (format.nan ?? 0)
    }
    if rounded == 0 { return format.unsignedZero ? 0 : sign }
    if rounded < exp2Exactly(1 - format.bias) {
      return sign | UInt32(rounded / exp2Exactly(1 - format.bias - Int(m)))
    }
    let binade = Int(rounded.exponent)
    let mantissa = UInt32((rounded / exp2Exactly(binade) - 1) * Double(1 << m))
    return sign | UInt32(binade + format.bias) << m | mantissa
  }

  /// E8M0: a power of two; rounded to the nearest exponent, ties up.
  static func encodeScale(_ value: Double) -> UInt32 {
    if value.isNaN || value.isInfinite { return 255 }
    let magnitude = abs(value)
    if magnitude < exp2Exactly(-127) { return 0 }
    var exponent = Int(magnitude.exponent)
    if magnitude.significand >= 1.5 { exponent += 1 }
    return UInt32(min(max(exponent + 127, 0), 254))
  }

  static func exp2Exactly(_ exponent: Int) -> Double {
    Double(sign: .plus, exponent: exponent, significand: 1)
  }
}
