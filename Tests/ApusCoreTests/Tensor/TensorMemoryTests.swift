import ApusCore
import Testing

@Suite struct TensorMemoryTests {
  @Test func possibleSizesPass() throws {
    for shape in [[], [0], [3, 4], [1 << 40, 0]] { try TensorMemory.check(shape) }
  }

  @Test(arguments: [[Int.max], [1 << 40, 1 << 40], [1 << 33, 1 << 12]])
  func whatNoMemoryHoldsIsRefused(_ shape: [Int]) {
    let error = #expect(throws: OperatorError.self) { try TensorMemory.check(shape) }
    #expect(error?.id == .outOfMemory)
  }

  @Test(arguments: [[-1], [3, -2], [Int.min, 0], [-1, -1]])
  func sizesBelowZeroAreRefused(_ shape: [Int]) {
    let error = #expect(throws: OperatorError.self) { try TensorMemory.check(shape) }
    #expect(error?.id == .invalidValue)
  }
}
