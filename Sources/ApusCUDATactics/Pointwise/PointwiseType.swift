import ApusCore

/// An element type as generated kernels see it: how it lies in memory and what it is computed in.
struct PointwiseType: Hashable {
  /// Arithmetic of a value.
  enum Arithmetic: Hashable { case float, double, signed, unsigned, bool }

  let dtype: DType

  /// nil for types that generated kernels do not know.
  init?(_ dtype: DType) {
    switch dtype {
    case .f16, .bf16, .f32, .f64, .i8, .i16, .i32, .i64, .u8, .u16, .u32, .u64, .bool: self.dtype = dtype
    default: return nil
    }
  }

  var bytes: Int { dtype.bitWidth / 8 }

  var arithmetic: Arithmetic {
    switch dtype {
    case .f64: .double
    case .f16, .bf16, .f32: .float
    case .bool: .bool
    case .u8, .u16, .u32, .u64: .unsigned
    default: .signed
    }
  }

  /// Type of a register.
  var register: String {
    switch arithmetic {
    case .float: "float"
    case .double: "double"
    case .signed: "long long"
    case .unsigned: "u64"
    case .bool: "bool"
    }
  }

  /// Type in memory.
  var store: String {
    switch dtype {
    case .f16, .bf16: "u16"
    case .f32: "float"
    case .f64: "double"
    case .i8: "signed char"
    case .i16: "short"
    case .i32: "int"
    case .i64: "long long"
    case .u16: "u16"
    case .u32: "u32"
    case .u64: "u64"
    default: "unsigned char"
    }
  }

  /// A register's value from memory.
  func load(_ text: String) -> String {
    switch dtype {
    case .f16: "F16::load(\(text))"
    case .bf16: "BF16::load(\(text))"
    case .bool: "(\(text) != 0)"
    default: "(\(register))\(text)"
    }
  }

  /// What is kept of a register's value.
  func store(_ text: String) -> String {
    switch dtype {
    case .f16: "F16::store(\(text))"
    case .bf16: "BF16::store(\(text))"
    case .bool: "(unsigned char)(\(text) ? 1 : 0)"
    default: "(\(store))(\(text))"
    }
  }

  /// A register's value rounded to what the type holds.
  func rounded(_ text: String) -> String {
    dtype == .f32 || dtype == .f64 || dtype == .bool || bytes == 8 ? text : load(store(text))
  }

  /// A literal of the register's type.
  func literal(_ value: Double) -> String {
    switch arithmetic {
    case .float:
      if value.isNaN { return "__int_as_float(0x7fffffff)" }
      if value.isInfinite || abs(value) > Double(Float.greatestFiniteMagnitude) {
        return value > 0 ? "__int_as_float(0x7f800000)" : "__int_as_float(0xff800000)"
      }
      let text = "\(Float(value))"
      return "\(text)\(text.contains(".") || text.contains("e") ? "" : ".0")f"
    case .double:
      if value.isNaN { return "__longlong_as_double(0x7fffffffffffffffll)" }
      if value.isInfinite {
        return "__longlong_as_double(0x\(value > 0 ? "7ff" : "fff")0000000000000ll)"
      }
      return "\(value)"
    case .bool: return value != 0 ? "true" : "false"
    case .signed:
      return "(long long)\(Int64(exactly: value.rounded(.towardZero)) ?? (value > 0 ? .max : .min + 1))"
    case .unsigned: return "\(UInt64(exactly: max(0, value).rounded(.towardZero)) ?? .max)ull"
    }
  }

  /// A value of another type as this one (ONNX Cast): integers from numbers cut off and wrap, infinities saturate.
  func converted(_ text: String, from other: PointwiseType) -> String {
    if other == self { return text }
    let isFloating = other.arithmetic == .float || other.arithmetic == .double
    switch arithmetic {
    case .bool: return isFloating ? "(\(text) != 0.0f)" : "(\(text) != 0)"
    case .float, .double: return rounded("(\(register))(\(text))")
    case .signed, .unsigned:
      guard isFloating else { return rounded("(\(register))(\(text))") }
      let isWideUnsigned = dtype == .u64
      return rounded(isWideUnsigned ? "(u64)(\(text))" : "(\(register))(long long)(\(text))")
    }
  }
}
