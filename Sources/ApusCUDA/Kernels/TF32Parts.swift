/// Weights as `conv_wgmma.cu` multiplies them in single precision: all of them rounded to TF32's ten bits of mantissa,
/// then what is left of each, rounded too.
public func tf32Parts(_ weights: [Float]) -> [Float] {
  let count = weights.count
  return [Float](unsafeUninitializedCapacity: 2 * count) { parts, filled in
    for index in 0..<count {
      let whole = weights[index]
      let high = roundedToTF32(whole)
      parts[index] = high
      parts[count + index] = whole.isFinite ? roundedToTF32(whole - high) : 0
    }
    filled = 2 * count
  }
}

/// The nearest number with TF32's ten bits of mantissa, ties away from zero, as the hardware's conversion does; numbers
/// that would overflow are cut off.
public func roundedToTF32(_ value: Float) -> Float {
  guard value.isFinite else { return value }
  let rounded = Float(bitPattern: (value.bitPattern &+ 0x1000) & ~0x1fff)
  return rounded.isFinite ? rounded : Float(bitPattern: value.bitPattern & ~0x1fff)
}
