import Testing

/// A sequence that a printed seed repeats (SplitMix64).
struct RandomValues: RandomNumberGenerator {
  let seed: UInt64
  private var state: UInt64

  init(seed: UInt64 = UInt64.random(in: 0...UInt64.max)) {
    self.seed = seed
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  mutating func floats(_ count: Int) -> [Float] {
    (0..<count).map { _ in Float.random(in: -1...1, using: &self) }
  }
}

enum BFloat16 {
  /// To the nearest, ties to even.
  static func encode(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    return UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ ((bits >> 16) & 1)) >> 16)
  }
  static func decode(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }
}

/// Compares with a reference, element by element: `tolerance` is relative to 1 + |expected|.
func expectClose(
  _ actual: [Float], _ expected: [Double], tolerance: Double, seed: UInt64, _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(actual.count == expected.count, sourceLocation: sourceLocation)
  for (index, (a, e)) in zip(actual, expected).enumerated()
  where !(abs(Double(a) - e) <= tolerance * (1 + abs(e))) {
    Issue.record(
      "\(what): element \(index) is \(a), expected \(e) (seed \(seed))", sourceLocation: sourceLocation)
    return
  }
}
