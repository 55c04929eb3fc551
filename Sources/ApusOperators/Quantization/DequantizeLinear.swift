public import ApusCore

/// `(x - zero_point) * scale` in the scale's type, or in `dtype`. Inputs: x, scale, optional zero point of x's type.
/// ONNX DequantizeLinear 10, 13, 19, 21, 23, 24, 25.
public struct DequantizeLinear: Operator {
  public var axis = 1
  /// Places along `axis` that share a scale; 0: one scale, or one a place.
  public var blockSize = 0
  public var dtype: DType?

  public static var importers: [Importer] {
    [onnx(""), onnx("com.microsoft")]
  }

  private static func onnx(_ domain: String) -> Importer {
    .onnx("DequantizeLinear", domain: domain) { node in
      var op = DequantizeLinear()
      op.axis = try node.int("axis", default: 1)
      op.blockSize = try node.int("block_size", in: 0...Window.largest) ?? 0
      op.dtype = try node.dtype("output_dtype")
      return op
    }
  }

  static let inputs = ElementTypes(name: "an integer type of at most 32 bits or a float of at most 8") {
    $0.isInteger && $0.bitWidth <= 32 || $0.isMiniFloat && $0 != .f8e8m0
  }

  public init() {}

  private func outputType(_ scale: DType) throws -> DType {
    try QuantizeLinear.scales.check(scale, "the scale")
    let type = dtype ?? (scale == .f8e8m0 ? .f32 : scale)
    try ElementTypes.floats.check(type, "the output")
    return type
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let (x, scale) = (try context.tensor(0), try context.tensor(1))
    try Self.inputs.check(x.dtype)
    if let zero = context.optional(2), zero.dtype != x.dtype {
      throw OperatorError(.typeMismatch, "x is \(x.dtype.rawValue), the zero point \(zero.dtype.rawValue)")
    }
    if let shape = x.shape, let parameters = scale.shape {
      try QuantizationLayout.check(shape, parameters: parameters, axis: axis, blockSize: blockSize)
    }
    return [.tensor(try outputType(scale.dtype), x.shape)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (x, scale) = (try operands.tensor(0, Self.inputs), try operands.tensor(1))
    let dtype = try outputType(scale.dtype)
    let layout = try QuantizationLayout(x.shape, parameters: scale.shape, axis: axis, blockSize: blockSize)
    let scales = scale.doubles()
    let zeros = operands.optional(2)?.doubles() ?? [Double](repeating: 0, count: scales.count)
    guard zeros.count == scales.count else {
      throw OperatorError(.shapeMismatch, "\(scales.count) scales but \(zeros.count) zero points")
    }
    let results = x.doubles().enumerated().map { index, value in
      let place = layout.parameter(index)
      return (value - zeros[place]) * scales[place]
    }
    return [.tensor(Tensor(doubles: results, dtype, x.shape))]
  }
}
