import ApusCore

/// Types that quantized products take.
let quantizedTypes = ElementTypes(name: "i8, u8") {
  $0 == .i8 || $0 == .u8 || $0.isMiniFloat && $0 != .f8e8m0
}

extension Tensor {
  /// The elements less their zero points, as f64: exact for integers of up to 32 bits. A vector of zero points belongs to
  /// `axis`; any other shape broadcasts.
  func centered(_ zeroPoint: Tensor?, axis: Int) throws -> Tensor {
    let numbers = doubles()
    guard let zeroPoint else { return Tensor(doubles: numbers, .f64, shape) }
    let zeros = zeroPoint.doubles()
    if zeros.count == 1 { return Tensor(doubles: numbers.map { $0 - zeros[0] }, .f64, shape) }
    let places: [Int]
    if zeroPoint.rank == 1 {
      let layout = try QuantizationLayout(shape, parameters: zeroPoint.shape, axis: axis, blockSize: 0)
      places = numbers.indices.map(layout.parameter)
    } else {
      guard try Broadcasting.shape([shape, zeroPoint.shape]) == shape else {
        throw OperatorError(.shapeMismatch, "zero points \(zeroPoint.shape) do not fit a tensor \(shape)")
      }
      places = Broadcasting.positions(of: zeroPoint.shape, over: shape)
    }
    return Tensor(doubles: zip(numbers, places).map { $0 - zeros[$1] }, .f64, shape)
  }

  /// Wide results in a narrow integer type: `saturate(round(x * scale) + zeroPoint)`.
  static func requantized(
    _ numbers: [Double], scale: (Int) -> Double, zeroPoint: (Int) -> Double, _ dtype: DType, _ shape: [Int]
  ) -> Tensor {
    guard let range = dtype.integerRange else {
      let encode = SmallFloat.encoder(dtype, saturate: true)
      return Tensor(
        bitPatterns: numbers.enumerated().map { encode($1 * scale($0) + zeroPoint($0)) }, dtype, shape)
    }
    let (low, high) = (Double(range.lowerBound), Double(range.upperBound))
    let results = numbers.enumerated().map { index, number in
      let value = (number * scale(index)).rounded(.toNearestOrEven) + zeroPoint(index)
      return value.isNaN ? 0 : Int64(min(max(value, low), high))
    }
    return Tensor(integers: results, dtype, shape)
  }
}

extension InferenceContext {
  /// The same inputs, some of them left out or in another order, all seen as f32.
  func asFloats(_ chosen: [Int]) -> InferenceContext {
    InferenceContext(
      inputs: chosen.map { index in optional(index).map { .tensor(.f32, $0.shape) } }, symbols: symbols)
  }

  /// Throws unless the inputs at `indices` that are present hold `types`.
  func check(_ types: ElementTypes, at indices: Int...) throws {
    for index in indices { if let type = optional(index) { try types.check(type.dtype, "input \(index)") } }
  }
}

extension ValueType {
  /// The same shape with another element type.
  func with(_ dtype: DType) -> ValueType { .tensor(dtype, tensor?.shape) }
}
