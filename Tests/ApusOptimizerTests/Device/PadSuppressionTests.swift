import ApusCore
import ApusOptimizer
import ApusTestSupport
import Testing

@Suite struct PadSuppressionTests {
  private static let model = """
    graph "g"(%b: f32[n,9,4], %s: f32[n,2,9]) -> (%y) {
      %k: i64[] = constant {5}
      %y: i64[boxes0,3] = NonMaxSuppression(%b, %s, %k)
    }
    """

  @Test func limitsBecomeFields() throws {
    let original = try parsed(Self.model)
    var graph = original
    _ = try RuleSet("test", [PadSuppression()]).run(&graph, PassContext())
    graph.removeDead()
    #expect(graph.verifyTypes().isEmpty)
    #expect("\(graph)".contains("PaddedSuppression(%b, %s)"))
    #expect(try numericFault(original, graph, sizes: ["n": 3]) == nil)
  }

  @Test func computedLimitsAndUnknownNumbersStay() throws {
    let computed = Self.model.replacing("%s: f32[n,2,9])", with: "%s: f32[n,2,9], %k: i64[])")
      .replacing("  %k: i64[] = constant {5}\n", with: "")
    #expect(try refusalFault(PadSuppression(), graph: computed, reason: "a limit is computed") == nil)
    let unknown = Self.model.replacing(",9", with: ",m")
    #expect(try refusalFault(PadSuppression(), graph: unknown, reason: "known only when it runs") == nil)
  }
}
