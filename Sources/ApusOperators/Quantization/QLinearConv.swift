public import ApusCore

/// Convolution of quantized tensors with a quantized result. Inputs: x, its scale and zero point, w, its scale and zero
/// point (scalars, or one an output channel), scale and zero point of the result, optional bias in i32 with scale
/// `x_scale * w_scale`. ONNX QLinearConv 10.
public struct QLinearConv: QuantizedConvolution {
  public var strides: [Int] = []
  public var dilations: [Int] = []
  public var pads: [Int] = []
  public var autoPad = AutoPad.notSet
  public var group = 1
  public var kernelShape: [Int] = []

  public static var importers: [Importer] { importers(Self.self) }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    try context.check(quantizedTypes, at: 0, 2, 3, 5, 7)
    try context.check(.floats, at: 1, 4, 6)
    let dtype = try context.tensor(7).dtype
    return try conv.infer(context.asFloats([0, 3, 8])).map { $0.with(dtype) }
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (x, w) = (try operands.tensor(0, quantizedTypes), try operands.tensor(3, quantizedTypes))
    let a = try x.centered(operands.optional(2), axis: 0)
    let b = try w.centered(operands.optional(5), axis: 0)
    let bias = operands.optional(8).map { Tensor(doubles: $0.doubles(), .f64, $0.shape) }
    guard let sums = try conv.evaluate(Operands([a, b, bias])).first?.tensor else { return [] }
    let zero = try operands.tensor(7)
    guard let xScale = try operands.tensor(1).doubles().first, let offset = zero.doubles().first,
      let yScale = try operands.tensor(6).doubles().first
    else { throw OperatorError(.shapeMismatch, "a scale or zero point is empty") }
    let wScales = try operands.tensor(4)
    let layout = try QuantizationLayout(sums.shape, parameters: wScales.shape, axis: 1, blockSize: 0)
    let scales = wScales.doubles().map { xScale * $0 / yScale }
    return [
      .tensor(
        .requantized(
          sums.doubles(), scale: { scales[layout.parameter($0)] }, zeroPoint: { _ in offset }, zero.dtype,
          sums.shape))
    ]
  }
}
