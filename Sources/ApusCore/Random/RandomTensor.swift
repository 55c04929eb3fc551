extension Tensor {
  /// A random tensor: floats and complex parts standard normal, bools fair, integers uniform in `range`.
  ///
  /// `range` is cut to what the type holds; nil means 0...255 for `u8` and 0...1 for the others. Unsigned float
  /// scales (`f8e8m0`) take the magnitude. Strings are letters.
  public static func random(
    _ dtype: DType, _ shape: [Int], range: ClosedRange<Int64>? = nil, using generator: inout Xoshiro256
  ) -> Tensor {
    let count = shape.elementCount
    switch dtype {
    case .string:
      let letters = Array("abcdefghijklmnopqrstuvwxyz")
      return Tensor(
        strings: (0..<count).map { _ in
          String((0..<4).map { _ in letters[Int(generator.integer(in: 0...25))] })
        }, shape: shape)
    case .bool: return Tensor((0..<count).map { _ in generator.next() >> 63 == 1 }, shape: shape)
    case .c64, .c128:
      return Tensor(
        complex: (0..<count).map { _ in Complex(generator.normal(), generator.normal()) }, dtype, shape)
    case .f32: return Tensor((0..<count).map { _ in Float(generator.normal()) }, shape: shape)
    case .f8e8m0: return Tensor(doubles: (0..<count).map { _ in generator.normal().magnitude }, dtype, shape)
    case _ where dtype.isFloat:
      return Tensor(doubles: (0..<count).map { _ in generator.normal() }, dtype, shape)
    default:
      let wanted = range ?? (dtype == .u8 ? 0...255 : 0...1)
      let allowed = dtype.integerRange.map { wanted.clamped(to: $0) } ?? wanted
      return Tensor(integers: (0..<count).map { _ in generator.integer(in: allowed) }, dtype, shape)
    }
  }
}
