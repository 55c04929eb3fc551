import ApusCore

extension DType {
  /// The element type behind a number of `TensorProto.DataType`; nil for UNDEFINED and unknown numbers.
  init?(onnx number: Int32) {
    guard number > 0, Int(number) < DType.onnxOrder.count, let type = DType.onnxOrder[Int(number)] else {
      return nil
    }
    self = type
  }

  /// Number in `TensorProto.DataType`.
  var onnxNumber: Int32 { Int32(DType.onnxOrder.firstIndex(of: self) ?? 0) }

  /// `TensorProto.DataType` in the order of its numbers (onnx 1.22.0).
  private static let onnxOrder: [DType?] = [
    nil, .f32, .u8, .i8, .u16, .i16, .i32, .i64, .string, .bool, .f16, .f64, .u32, .u64, .c64, .c128, .bf16,
    .f8e4m3fn, .f8e4m3fnuz, .f8e5m2, .f8e5m2fnuz, .u4, .i4, .f4e2m1, .f8e8m0, .u2, .i2,
  ]

  static let onnxNumbers = "1 to \(onnxOrder.count - 1)"
}
