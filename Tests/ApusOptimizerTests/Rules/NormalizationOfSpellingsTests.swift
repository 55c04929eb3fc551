import ApusCore
import ApusOptimizer
import ApusTestSupport
import Testing

@Suite struct NormalizationOfSpellingsTests {
  /// What `torch.stack([a, b, c], -1).sum(axis)` exports to.
  private func stacked(axis: Int, result: String) -> String {
    """
    graph "g"(%a: f32[n,4,3], %b: f32[n,4,3], %c: f32[n,4,3]) -> (%y) {
      %u: i64[1] = constant {-1}
      %x: i64[1] = constant {\(axis)}
      %a1: f32[n,4,3,1] = Unsqueeze(%a, %u)
      %b1: f32[n,4,3,1] = Unsqueeze(%b, %u)
      %c1: f32[n,4,3,1] = Unsqueeze(%c, %u)
      %s: f32[n,4,3,3] = Concat(%a1, %b1, %c1) {axis: -1}
      %y: f32[\(result)] = ReduceSum(%s, %x) {keepDims: false}
    }
    """
  }

  @Test(arguments: [-1, 3]) func theSumOfAStackIsAdded(axis: Int) throws {
    let fault = try rewriteFault(
      ReplaceSumOfStackByAdd(), before: stacked(axis: axis, result: "n,4,3"),
      after: """
        graph "g"(%a: f32[n,4,3], %b: f32[n,4,3], %c: f32[n,4,3]) -> (%y) {
          %p: f32[n,4,3] = Add(%a, %b)
          %y: f32[n,4,3] = Add(%p, %c)
        }
        """)
    #expect(fault == nil)
  }

  /// The last two axes have one size: only the axis tells a stack from its elements.
  @Test func theSumOverAnotherAxisStays() throws {
    let fault = try refusalFault(
      ReplaceSumOfStackByAdd(), graph: stacked(axis: 2, result: "n,4,3"), reason: "another axis")
    #expect(fault == nil)
  }
}
