public import ApusCore

/// Quantizes f32 to u8 with scale and zero point from the data's range, which always includes 0. Outputs: y, scale,
/// zero point. ONNX DynamicQuantizeLinear 11.
public struct DynamicQuantizeLinear: Operator {
  public static var importers: [Importer] {
    [.onnx("DynamicQuantizeLinear", since: 11) { _ in DynamicQuantizeLinear() }]
  }
  static let elementTypes = ElementTypes(name: "f32") { $0 == .f32 }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    try Self.elementTypes.check(x.dtype)
    return [.tensor(.u8, x.shape), .tensor(.f32, []), .tensor(.u8, [])]
  }

  /// In single precision, as the definition says: scale and zero point are results themselves.
  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0, Self.elementTypes)
    let numbers = x.elements(as: Float.self)
    let (low, high) = (min(0, numbers.min() ?? 0), max(0, numbers.max() ?? 0))
    let scale = low == high ? Float(1) / 255 : (high - low) / 255
    let zero = min(max(-low / scale, 0), 255).rounded(.toNearestOrEven)
    let results = numbers.map { number in
      let value = (number / scale).rounded(.toNearestOrEven) + zero
      return value.isNaN ? UInt8(0) : UInt8(min(max(value, 0), 255))
    }
    return [
      .tensor(Tensor(results, shape: x.shape)), .tensor(Tensor(scalar: scale)),
      .tensor(Tensor(scalar: zero.isNaN ? UInt8(0) : UInt8(zero))),
    ]
  }
}
