import ApusCore
import ApusOperators
import Testing

@Suite struct QLinearMatMulTests {
  @Test func followsTheFloatProduct() throws {
    let a = Tensor((0..<6).map { UInt8($0 * 40) }, shape: [2, 3])
    let b = Tensor((0..<12).map { UInt8(255 - $0 * 20) }, shape: [3, 4])
    let (sa, sb, sy) = (Float(0.02), Float(0.03), Float(0.5))
    let zeros = [UInt8(100), 90, 7].map { Tensor(scalar: $0) }
    let y = try QLinearMatMul().evaluate(
      Operands([
        a, Tensor(scalar: sa), zeros[0], b, Tensor(scalar: sb), zeros[1], Tensor(scalar: sy), zeros[2],
      ])
    )[0].tensor
    let (p, q) = (a.doubles().map { ($0 - 100) * Double(sa) }, b.doubles().map { ($0 - 90) * Double(sb) })
    for row in 0..<2 {
      for column in 0..<4 {
        let sum = (0..<3).reduce(0.0) { $0 + p[row * 3 + $1] * q[$1 * 4 + column] }
        let wanted = min(max((sum / Double(sy)).rounded() + 7, 0), 255)
        #expect(abs((y?.doubles()[row * 4 + column] ?? .nan) - wanted) <= 1)
      }
    }
  }

  @Test func integerProductsSubtractZeroPoints() throws {
    let (a, b) = (Tensor([UInt8(11), 7], shape: [2, 1]), Tensor([UInt8(3), 5], shape: [1, 2]))
    let y = try MatMulInteger().evaluate(Operands([a, b, Tensor([UInt8(10), 8]), Tensor(scalar: UInt8(1))]))
    #expect(y[0].tensor?.dtype == .i32 && y[0].tensor?.integers() == [2, 4, -2, -4])
  }
}
