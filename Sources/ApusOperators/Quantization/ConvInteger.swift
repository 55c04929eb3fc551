public import ApusCore

/// Convolution of 8-bit tensors less their zero points, summed in i32. Inputs: x, w, optional zero point of x (a
/// scalar) and of w (a scalar, or one an output channel). ONNX ConvInteger 10.
public struct ConvInteger: QuantizedConvolution {
  public var strides: [Int] = []
  public var dilations: [Int] = []
  public var pads: [Int] = []
  public var autoPad = AutoPad.notSet
  public var group = 1
  public var kernelShape: [Int] = []

  public static var importers: [Importer] { importers(Self.self) }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    try context.check(quantizedTypes, at: 0, 1)
    return try conv.infer(context.asFloats([0, 1])).map { $0.with(.i32) }
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (x, w) = (try operands.tensor(0, quantizedTypes), try operands.tensor(1, quantizedTypes))
    let a = try x.centered(operands.optional(2), axis: 0)
    let b = try w.centered(operands.optional(3), axis: 0)
    return try conv.evaluate(Operands([a, b])).map { value in
      .tensor(ElementConversion(to: .i32).convert(value.tensor ?? a))
    }
  }
}
