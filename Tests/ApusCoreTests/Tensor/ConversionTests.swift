import ApusCore
import Testing

@Suite struct ConversionTests {
  @Test func conversionInPiecesEqualsConversionAtOnce() {
    var generator = Xoshiro256(seed: 4)
    for count in [0, 1, 777, (1 << 15) + 3, 70001] {
      let tensor = Tensor.random(.f32, [count], using: &generator)
      for target in [DType.bf16, .f16, .f64, .i8] {
        let whole = Tensor(doubles: tensor.doubles(), target, [count])
        #expect(tensor.converted(to: target) == whole, "\(count) elements to \(target)")
      }
    }
  }

  /// Every pair of float types at the edges of their ranges, halfway between neighbours, and anywhere.
  @Test func floatsRoundOnceToNearestEven() {
    let edges: [Float] = [
      0, -0.0, .infinity, -.infinity, 65504, 65519, 65520, 65536, 1e38, -1e-8, 0x1p-24, 0x1p-25, 0x1.8p-25,
      0x1.004p0, 0x1.00cp0, 0x1.01p0, 0x1.03p0, 0x1p-126, 0x1p-149, .greatestFiniteMagnitude,
    ]
    let anywhere = (0..<5000).map { _ in Float(bitPattern: .random(in: 0 ... .max)) }.filter { !$0.isNaN }
    for source in [DType.f32, .f16, .bf16] {
      let tensor = Tensor(
        doubles: (edges + anywhere).map { Double($0) }, source, [edges.count + anywhere.count])
      for target in [DType.f32, .f16, .bf16] {
        #expect(tensor.converted(to: target) == Tensor(doubles: tensor.doubles(), target, tensor.shape))
      }
      let none = Tensor(doubles: [.nan], source, [1])
      #expect([DType.f32, .f16, .bf16].allSatisfy { none.converted(to: $0).doubles()[0].isNaN })
    }
  }

  @Test func largeTensorsAreZeroAndComeBackWhole() {
    let zeros = Tensor(.f32, [1 << 19])
    #expect(zeros.doubles().allSatisfy { $0 == 0 })
    let numbers = (0..<1 << 19).map { Float($0) }
    #expect(Tensor(numbers, shape: [1 << 19]).elements(as: Float.self) == numbers)
  }
}
