import ApusCore
import Testing

struct TensorElementsTests {
  @Test func boolsAreNumbers() {
    let tensor = Tensor([true, false, true])
    #expect(tensor.integers() == [1, 0, 1])
    #expect(tensor.doubles() == [1, 0, 1])
  }
}
