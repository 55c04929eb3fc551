extension DType {
  /// The element type that `TensorProto.DataType` of ONNX numbers `code`; nil for codes that it does not define.
  public init?(onnxCode code: Int) {
    guard code > 0, code < Self.onnxCodes.count, let type = Self.onnxCodes[code] else { return nil }
    self = type
  }

  /// The number of this type in `TensorProto.DataType`.
  public var onnxCode: Int { Self.onnxCodes.firstIndex(of: self) ?? 0 }

  private static let onnxCodes: [DType?] = [
    nil, .f32, .u8, .i8, .u16, .i16, .i32, .i64, .string, .bool, .f16, .f64, .u32, .u64, .c64, .c128, .bf16,
    .f8e4m3fn, .f8e4m3fnuz, .f8e5m2, .f8e5m2fnuz, .u4, .i4, .f4e2m1, .f8e8m0, .u2, .i2,
  ]
}

extension SourceNode {
  /// An element type given as a number of `TensorProto.DataType`, or by its name as in the first opsets.
  public func dtype(_ name: String) throws -> DType? {
    guard let value = attributes[name] else { return nil }
    switch value {
    case .int(0): return nil
    case .int(let code):
      if let type = DType(onnxCode: Int(clamping: code)) { return type }
    case .string(let text):
      let names = ["FLOAT": DType.f32, "FLOAT16": .f16, "DOUBLE": .f64, "STRING": .string, "BOOL": .bool]
      if let type = names[text.uppercased()] { return type }
      let short = text.lowercased().replacing("uint", with: "u").replacing("int", with: "i")
      if let type = DType(rawValue: short) { return type }
    default: break
    }
    throw OperatorError(
      .invalidAttribute, "attribute '\(name)' names no element type", attribute: name, value: "\(value)",
      allowed: "a number of TensorProto.DataType")
  }
}
