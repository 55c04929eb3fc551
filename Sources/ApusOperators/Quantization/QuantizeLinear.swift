public import ApusCore

/// `saturate(round(x / scale) + zero_point)` in a narrow type. Inputs: x, scale, optional zero point, whose type is the
/// output's. ONNX QuantizeLinear 10, 13, 19, 21, 23, 24, 25.
public struct QuantizeLinear: Operator {
  public var axis = 1
  /// Places along `axis` that share a scale; 0: one scale, or one a place.
  public var blockSize = 0
  public var saturate = true
  /// Where no zero point tells it.
  public var dtype: DType?
  /// Type in which `x / scale` is rounded; by default that of the scale.
  public var precision: DType?

  public static var importers: [Importer] {
    [onnx(""), onnx("com.microsoft")]
  }

  private static func onnx(_ domain: String) -> Importer {
    .onnx("QuantizeLinear", domain: domain) { node in
      var op = QuantizeLinear()
      op.axis = try node.int("axis", default: 1)
      op.blockSize = try node.int("block_size", in: 0...Window.largest) ?? 0
      op.saturate = try node.bool("saturate", default: true)
      op.dtype = try node.dtype("output_dtype")
      op.precision = try node.dtype("precision")
      return op
    }
  }

  static let narrow = ElementTypes(name: "an integer type of at most 16 bits or a float of at most 8") {
    $0.isInteger && $0.bitWidth <= 16 || $0.isMiniFloat && $0 != .f8e8m0
  }
  static let wide = ElementTypes(name: "f32, f16, bf16, i32") {
    ElementTypes.floats.contains($0) || $0 == .i32
  }
  static let scales = ElementTypes(name: "f32, f16, bf16, i32, f8e8m0") { wide.contains($0) || $0 == .f8e8m0 }

  public init() {}

  private func outputType(zeroPoint: DType?) throws -> DType {
    if let zeroPoint, let dtype, zeroPoint != dtype {
      throw OperatorError(
        .typeMismatch, "the zero point is \(zeroPoint.rawValue), output_dtype \(dtype.rawValue)",
        attribute: "dtype")
    }
    let type = zeroPoint ?? dtype ?? .u8
    try Self.narrow.check(type, "the output")
    return type
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let (x, scale) = (try context.tensor(0), try context.tensor(1))
    try Self.wide.check(x.dtype)
    try Self.scales.check(scale.dtype, "the scale")
    if let shape = x.shape, let parameters = scale.shape {
      try QuantizationLayout.check(shape, parameters: parameters, axis: axis, blockSize: blockSize)
    }
    return [.tensor(try outputType(zeroPoint: context.optional(2)?.dtype), x.shape)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (x, scale) = (try operands.tensor(0, Self.wide), try operands.tensor(1, Self.scales))
    let dtype = try outputType(zeroPoint: operands.optional(2)?.dtype)
    let layout = try QuantizationLayout(x.shape, parameters: scale.shape, axis: axis, blockSize: blockSize)
    let scales = scale.doubles()
    let zeros = try zeroPoints(operands.optional(2), count: scales.count)
    let quotients = x.doubles().enumerated().map { $1 / scales[layout.parameter($0)] }
    let rounded = round(quotients, scale: scale.dtype, x: x.dtype)
    if let range = dtype.integerRange {
      let (low, high) = (Double(range.lowerBound), Double(range.upperBound))
      let results = rounded.enumerated().map { index, quotient in
        let value = quotient.rounded(.toNearestOrEven) + zeros[layout.parameter(index)]
        return value.isNaN ? 0 : Int64(min(max(value, low), high))
      }
      return [.tensor(Tensor(integers: results, dtype, x.shape))]
    }
    let encode = SmallFloat.encoder(dtype, saturate: saturate)
    let bits = rounded.enumerated().map { encode($1 + zeros[layout.parameter($0)]) }
    return [.tensor(Tensor(bitPatterns: bits, dtype, x.shape))]
  }

  private func zeroPoints(_ tensor: Tensor?, count: Int) throws -> [Double] {
    guard let zeros = tensor?.doubles() else { return [Double](repeating: 0, count: count) }
    guard zeros.count == count else {
      throw OperatorError(.shapeMismatch, "\(count) scales but \(zeros.count) zero points")
    }
    return zeros
  }

  private func round(_ quotients: [Double], scale: DType, x: DType) -> [Double] {
    let type = precision ?? (scale.isMiniFloat || scale == .i32 ? x : scale)
    guard type != .i32, type != .f64 else { return quotients }
    return Tensor(doubles: quotients, type, [quotients.count]).doubles()
  }
}
