public import ApusCore

extension Operator {
  /// Multiplications and additions of convolutions, products and attention at these shapes of the inputs and of the first
  /// output; 0 of everything else.
  public func operationCount(inputs: [[Int]?], output: [Int]?) -> Double {
    func shape(_ index: Int) -> [Int] { index < inputs.count ? inputs[index] ?? [] : [] }
    func elements(_ index: Int) -> Double { shape(index).isEmpty ? 0 : Double(shape(index).elementCount) }
    func size(_ index: Int, _ axis: Int) -> Double {
      let shape = shape(index)
      guard -shape.count..<shape.count ~= axis else { return 0 }
      return Double(shape[axis < 0 ? axis + shape.count : axis])
    }
    let made = Double(output?.elementCount ?? 0)
    switch self {
    case is Conv, is GatedConv, is ConvSqueezeExcitation, is PyramidConv:
      return 2 * made * elements(1) / max(1, size(1, 0))
    case is ConvTranspose: return 2 * elements(0) * elements(1) / max(1, size(1, 0))
    case is MatMul, is Linear: return 2 * made * size(0, -1)
    case let gemm as Gemm: return 2 * made * size(0, gemm.transA ? 0 : -1)
    case let attention as ScaledDotProductAttention:
      let keys = size(1, attention.heads > 0 ? 1 : 2)
      // Scores need the width of the queries for each head, results that of the values.
      return 2 * keys * (elements(0) + made)
    case is PackedAttention: return 4 * size(0, 1) * made
    default: return 0
    }
  }
}
