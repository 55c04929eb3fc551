/// A small deterministic generator (SplitMix64), seeded from an operator's `seed`, else from the system.
struct RandomSource: RandomNumberGenerator {
  private var state: UInt64

  init(seed: Double?) { state = seed?.bitPattern ?? UInt64.random(in: .min ... .max) }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// From 0 to before 1.
  mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }
}
