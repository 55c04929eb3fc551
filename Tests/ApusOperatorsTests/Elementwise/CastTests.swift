import ApusCore
import ApusOperators
import Testing

@Suite struct CastTests {
  private func cast(_ x: Tensor, _ to: DType) throws -> Tensor? {
    try Cast(to: to).evaluate(Operands([x]))[0].tensor
  }

  @Test func cutsAndWraps() throws {
    #expect(try cast(Tensor([-1.9, 2.9, 300] as [Float]), .i32)?.integers() == [-1, 2, 300])
    #expect(try cast(Tensor([200, -200] as [Int16]), .i8)?.integers() == [-56, 56])
    #expect(try cast(Tensor([-1, 9] as [Int64]), .u4)?.integers() == [15, 9])
    #expect(try cast(Tensor([0, -0.5] as [Float]), .bool)?.elements() == [false, true])
  }

  @Test func roundsOnce() throws {
    let odd = Int64(1) << 54 + 1 << 30 + 1
    #expect(try cast(Tensor([odd]), .f32)?.elements() == [Float(odd)])
    #expect(try cast(Tensor([1e6] as [Float]), .f8e4m3fn)?.doubles() == [448])
  }

  @Test func readsAndWritesStrings() throws {
    let numbers = try cast(Tensor(strings: ["-1.5", "+INF", "NaN", "1e3"], shape: [4]), .f32)?.doubles()
    #expect(
      numbers?[0] == -1.5 && numbers?[1] == .infinity && numbers?[2].isNaN == true && numbers?[3] == 1000)
    #expect(try cast(Tensor([0.1, -2] as [Float]), .string)?.strings == ["0.1", "-2.0"])
  }

  @Test func shapeArithmeticPasses() {
    let halves = Contents(.f32, [1], [Contents.Element(.symbol("n"), over: 2)])
    let context = InferenceContext(inputs: [.tensor(.f32, [1])], contents: [halves])
    #expect(Cast(to: .i64).propagate(context).first??.dims == [Dim.symbol("n").floorDiv(2)])
  }
}
