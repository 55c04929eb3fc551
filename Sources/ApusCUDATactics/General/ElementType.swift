import ApusCore

/// An element type in `tensor_types.cuh`.
extension DType {
  /// nil for types that no kernel reads.
  var kernelName: String? {
    switch self {
    case .f16: "Float16"
    case .bf16: "BFloat16"
    case .f32: "Float32"
    case .f64: "Float64"
    case .bool, .u8: "Whole<unsigned char>"
    case .i8: "Whole<signed char>"
    case .u16: "Whole<u16>"
    case .i16: "Whole<short>"
    case .u32: "Whole<u32>"
    case .i32: "Whole<int>"
    case .u64: "Whole<u64>"
    case .i64: "Whole<long long>"
    case .u2: "Nibble<2, false>"
    case .i2: "Nibble<2, true>"
    case .u4: "Nibble<4, false>"
    case .i4: "Nibble<4, true>"
    case .f8e4m3fn: "Float8E4M3"
    case .f8e4m3fnuz: "Float8E4M3Z"
    case .f8e5m2: "Float8E5M2"
    case .f8e5m2fnuz: "Float8E5M2Z"
    case .f8e8m0: "Float8E8M0"
    case .f4e2m1: "Float4"
    case .c64, .c128, .string: nil
    }
  }

  /// Floating point of sixteen bits and more.
  var isComputed: Bool { isFloat && !isMiniFloat }

  /// What sums of this type are held in.
  var wideName: String { self == .f64 ? "double" : isFloat ? "float" : "long long" }
}
