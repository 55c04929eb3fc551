import ApusCore
import ApusOptimizer
import ApusTestSupport
import Testing

@Suite struct SqueezeExcitationTests {
  /// A layer between two convolutions.
  private static func model(extra: String = "", outputs: String = "%y") -> String {
    """
    graph "g"(%x: f32[b,3,4,5]) -> (\(outputs)) {
      %d: f32[3,1,3,3] = constant {\((0..<27).map { "\(Double($0 % 5) - 2)" }.joined(separator: ", "))}
      %w1: f32[2,3,1,1] = constant {\((0..<6).map { "\(Double($0) / 4 - 1)" }.joined(separator: ", "))}
      %b1: f32[2] = constant {0.5, -0.25}
      %w2: f32[3,2,1,1] = constant {1, -1, 0.5, 2, -0.5, 0.25}
      %w: f32[2,3,1,1] = constant {1, 2, 3, -1, -2, 4}
      %c: f32[b,3,4,5] = Conv(%x, %d) {pads: [1, 1, 1, 1], group: 3}
      %m: f32[b,3,1,1] = GlobalAveragePool(%c)
      %r: f32[b,2,1,1] = Conv(%m, %w1, %b1) {activation: {kind: "silu", alpha: 0.0, beta: 0.0}}
      %e: f32[b,3,1,1] = Conv(%r, %w2) {activation: {kind: "sigmoid", alpha: 0.0, beta: 0.0}}
      %s: f32[b,3,4,5] = Mul(%e, %c)
      %y: f32[b,2,4,5] = Conv(%s, %w) {activation: {kind: "relu", alpha: 0.0, beta: 0.0}}
      \(extra)
    }
    """
  }

  /// Names of the operators after the rules, in order; both graphs must compute the same.
  private func operators(_ text: String, _ rules: [any Rule]) throws -> [String] {
    let original = try parsed(text)
    var graph = original
    _ = try RuleSet("test", rules).run(&graph, PassContext())
    graph.removeDead()
    #expect(graph.verifyTypes().isEmpty)
    #expect(try numericFault(original, graph, sizes: ["b": 3]) == nil)
    return (graph.topologicalOrder() ?? []).map { graph[$0].opName }
  }

  @Test func theGateBecomesAnInputOfTheNextConv() throws {
    #expect(
      try operators(Self.model(), [RecognizeSqueezeExcitation()]) == [
        "Conv", "SqueezeExcitation", "GatedConv",
      ])
  }

  @Test func theDepthwiseConvSumsUpForTheGate() throws {
    let rules: [any Rule] = [RecognizeSqueezeExcitation(), FuseSqueezeExcitation()]
    #expect(try operators(Self.model(), rules) == ["ConvSqueezeExcitation", "GatedConv"])
  }

  @Test func otherReadersOfTheProductKeepIt() throws {
    let text = Self.model(extra: "%z: f32[b,3,4,5] = Relu(%s)", outputs: "%y, %z")
    let fault = try refusalFault(
      RecognizeSqueezeExcitation(), graph: text, reason: "also read by")
    #expect(fault == nil)
  }

  @Test func aGroupedLayerIsNone() throws {
    let grouped = """
      graph "g"(%x: f32[b,2,4,4]) -> (%y) {
        %w1: f32[2,1,1,1] = constant {1, 2}
        %w2: f32[2,2,1,1] = constant {1, 2, 3, 4}
        %m: f32[b,2,1,1] = GlobalAveragePool(%x)
        %r: f32[b,2,1,1] = Conv(%m, %w1) {group: 2}
        %e: f32[b,2,1,1] = Conv(%r, %w2)
        %s: f32[b,2,4,4] = Mul(%x, %e)
        %y: f32[b,2,4,4] = Conv(%s, %w2)
      }
      """
    #expect(
      try refusalFault(RecognizeSqueezeExcitation(), graph: grouped, reason: "no product of channels") == nil)
  }

  @Test func aConvThatIsNotDepthwiseKeepsItsOwnNode() throws {
    let text = """
      graph "g"(%x: f32[b,2,4,4]) -> (%y) {
        %w: f32[2,2,1,1] = constant {1, 2, 3, 4}
        %c: f32[b,2,4,4] = Conv(%x, %w)
        %g: f32[b,2,1,1] = SqueezeExcitation(%c, %w, _, %w)
        %y: f32[b,2,4,4] = GatedConv(%c, %w, _, _, %g)
      }
      """
    #expect(try refusalFault(FuseSqueezeExcitation(), graph: text, reason: "not depthwise") == nil)
  }
}
