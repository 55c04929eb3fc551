public import ApusCore

/// One value repeated over the shape in input 0. ONNX ConstantOfShape 9, 20, 21, 23, 24, 25.
public struct ConstantOfShape: Operator {
  /// One element.
  public var value = Tensor([0] as [Float])

  public static var importers: [Importer] {
    [
      .onnx("ConstantOfShape", since: 9) { node in
        guard let value = try node.tensor("value") else { return ConstantOfShape() }
        guard value.elementCount == 1 else {
          throw OperatorError(
            .invalidAttribute, "the value must be one element", attribute: "value",
            value: value.type.description)
        }
        return ConstantOfShape(value)
      }
    ]
  }

  public init() {}
  public init(_ value: Tensor) { self.value = value }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let sizes = try context.tensor(0)
    if let dims = context.dims(0) {
      try dims.forEach { try Self.check($0.value ?? 0) }
      return [.tensor(value.dtype, dims)]
    }
    guard let rank = sizes.shape?.first?.value, rank >= 0, rank <= 64 else {
      return [.tensor(value.dtype, nil)]
    }
    return [.tensor(value.dtype, (0..<rank).map { _ in context.fresh("size") })]
  }

  private static func check(_ size: Int) throws {
    guard size >= 0 else {
      throw OperatorError(.invalidValue, "a size is below zero", value: String(size), allowed: "0 or more")
    }
  }

  public func propagate(_ context: InferenceContext) -> [Contents?] {
    guard let shape = context.integers(0), shape.allSatisfy({ $0 >= 0 }),
      shape.elementCount <= Contents.limit,
      let element = Contents(value)?.elements.first
    else { return [] }
    return [Contents(value.dtype, shape, Array(repeating: element, count: shape.elementCount))]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let shape = try operands.tensor(0, .integers).integers().map { Int($0) }
    try shape.forEach(Self.check)
    try TensorMemory.check(shape)
    return [.tensor(value.repeated(over: shape))]
  }
}

extension Tensor {
  /// The first element at every place of `shape`.
  func repeated(over shape: [Int]) -> Tensor {
    let count = shape.elementCount
    if dtype == .string {
      return Tensor(strings: Array(repeating: strings.first ?? "", count: count), shape: shape)
    }
    if dtype.bitWidth <= 32 {
      let bits = reshaped([1]).bitPatterns()[0]
      return Tensor(bitPatterns: Array(repeating: bits, count: count), dtype, shape)
    }
    return Tensor(dtype, shape) { bytes in
      withUnsafeBytes { element in
        for index in 0..<count {
          bytes.baseAddress.map { $0 + index * element.count }?.copyMemory(
            from: element.baseAddress ?? storage.base, byteCount: element.count)
        }
      }
    }
  }
}
