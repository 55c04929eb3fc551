import ApusCore
import Testing

struct Xoshiro256Tests {
  /// First outputs for seed 0, from the authors' definition of the generator.
  @Test func splitMixIsTheKnownOne() {
    var generator = SplitMix64(seed: 0)
    #expect(generator.next() == 0xE220_A839_7B1D_CDAF)
    #expect(generator.next() == 0x6E78_9E6A_A1B9_65F4)
  }

  @Test func sameSeedSameNumbers() {
    var a = Xoshiro256(seed: 42)
    var b = Xoshiro256(seed: 42)
    var c = Xoshiro256(seed: 43)
    let first = (0..<8).map { _ in a.next() }
    #expect(first == (0..<8).map { _ in b.next() })
    #expect(first != (0..<8).map { _ in c.next() })
  }

  @Test func normalHasUnitVariance() {
    var generator = Xoshiro256(seed: 7, stream: "x")
    let values = (0..<40_000).map { _ in generator.normal() }
    let mean = values.reduce(0, +) / 40_000
    let variance = values.reduce(0) { $0 + $1 * $1 } / 40_000 - mean * mean
    #expect(mean.magnitude < 0.03)
    #expect((variance - 1).magnitude < 0.04)
  }

  @Test func integersStayInRange() {
    var generator = Xoshiro256(seed: 7)
    let values = Tensor.random(.i64, [500], range: -3...4, using: &generator).integers()
    #expect(Set(values) == Set(-3...4))
    let bytes = Tensor.random(.i8, [500], range: -1000...1000, using: &generator).integers()
    #expect(bytes.allSatisfy { (-128...127).contains($0) })
  }
}
