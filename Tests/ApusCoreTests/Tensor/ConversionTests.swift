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

  @Test func largeTensorsAreZeroAndComeBackWhole() {
    let zeros = Tensor(.f32, [1 << 19])
    #expect(zeros.doubles().allSatisfy { $0 == 0 })
    let numbers = (0..<1 << 19).map { Float($0) }
    #expect(Tensor(numbers, shape: [1 << 19]).elements(as: Float.self) == numbers)
  }
}
