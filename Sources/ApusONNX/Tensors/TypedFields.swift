import ApusCore

extension TensorDecoder {
  /// Elements from `float_data`, `int32_data` and their kin: one entry an element, but for complex numbers (two) and
  /// types under eight bits (one entry holds a byte of them).
  static func decodeTyped(
    _ proto: Onnx_TensorProto, _ dtype: DType, _ shape: [Int]
  ) throws(TensorFault) -> Tensor {
    let count = shape.elementCount
    func pack<T, Stored: BitwiseCopyable>(
      _ values: [T], _ field: String, each wanted: Int, as convert: (T) -> Stored
    ) throws(TensorFault) -> Tensor {
      try expect(wanted, values.count, in: field, shape)
      return Tensor(dtype, shape) { bytes in
        for (index, value) in values.enumerated() {
          bytes.storeBytes(
            of: convert(value), toByteOffset: index * MemoryLayout<Stored>.size, as: Stored.self)
        }
      }
    }
    switch dtype {
    case .f32: return try pack(proto.floatData, "float_data", each: count) { $0 }
    case .c64: return try pack(proto.floatData, "float_data", each: 2 * count) { $0 }
    case .f64: return try pack(proto.doubleData, "double_data", each: count) { $0 }
    case .c128: return try pack(proto.doubleData, "double_data", each: 2 * count) { $0 }
    case .i64: return try pack(proto.int64Data, "int64_data", each: count) { $0 }
    case .u64: return try pack(proto.uint64Data, "uint64_data", each: count) { $0 }
    case .u32:
      return try pack(proto.uint64Data, "uint64_data", each: count) { UInt32(truncatingIfNeeded: $0) }
    case .i32: return try pack(proto.int32Data, "int32_data", each: count) { $0 }
    case .i16, .u16, .f16, .bf16:
      return try pack(proto.int32Data, "int32_data", each: count) { UInt16(truncatingIfNeeded: $0) }
    case .bool: return try pack(proto.int32Data, "int32_data", each: count) { UInt8($0 == 0 ? 0 : 1) }
    case .string: return Tensor(strings: [], shape: [0])
    default:
      let entries = dtype.byteCount(count)
      return try pack(proto.int32Data, "int32_data", each: entries) { UInt8(truncatingIfNeeded: $0) }
    }
  }
}
