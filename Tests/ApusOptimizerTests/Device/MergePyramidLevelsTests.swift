import ApusCore
import ApusOptimizer
import ApusTestSupport
import Testing

@Suite struct MergePyramidLevelsTests {
  private static func numbers(_ count: Int, _ step: Int) -> String {
    (0..<count).map { "\(Double($0 * step % 7) / 4 - 0.75)" }.joined(separator: ", ")
  }

  /// Two convolutions on each of two levels, with rows of three numbers for each of two anchors.
  private static func model(
    second: String = "{pads: [1, 1, 1, 1], activation: {kind: \"relu\", alpha: 0.0, beta: 0.0}}",
    weight: String = "%w1", permutation: String = "[0, 2, 3, 1]", outputs: String = "%y"
  ) -> String {
    """
    graph "g"(%p: f32[n,2,3,4], %q: f32[n,2,2,2]) -> (\(outputs)) {
      %w1: f32[2,2,3,3] = constant {\(numbers(36, 3))}
      %w2: f32[6,2,1,1] = constant {\(numbers(12, 5))}
      %other: f32[2,2,3,3] = constant {\(numbers(36, 2))}
      %b: f32[2] = constant {0.5, -0.25}
      %sp: i64[3] = constant {0, -1, 3}
      %a1: f32[n,2,3,4] = Conv(%p, %w1, %b) {pads: [1, 1, 1, 1], activation: {kind: "relu", alpha: 0.0, beta: 0.0}}
      %a2: f32[n,2,2,2] = Conv(%q, \(weight), %b) \(second)
      %c1: f32[n,6,3,4] = Conv(%a1, %w2)
      %c2: f32[n,6,2,2] = Conv(%a2, %w2)
      %t1: f32[n,3,4,6] = Transpose(%c1) {permutation: [0, 2, 3, 1]}
      %t2: f32[n,2,2,6] = Transpose(%c2) {permutation: \(permutation)}
      %r1: f32[n,24,3] = Reshape(%t1, %sp)
      %r2: f32[n,8,3] = Reshape(%t2, %sp)
      %y: f32[n,32,3] = Concat(%r1, %r2) {axis: 1}
    }
    """
  }

  /// Names of the operators after the rule, in order; both graphs must compute the same.
  private func operators(_ text: String) throws -> [String] {
    let original = try parsed(text)
    var graph = original
    _ = try RuleSet("test", [MergePyramidLevels()]).run(&graph, PassContext())
    graph.removeDead()
    #expect(graph.verifyTypes().isEmpty)
    #expect(try numericFault(original, graph, sizes: ["n": 2]) == nil)
    return (graph.topologicalOrder() ?? []).map { graph[$0].opName }
  }

  private static let packing = ["Transpose", "Reshape", "Transpose", "Reshape", "Concat"]

  @Test func layersOfAllLevelsRunAtOnce() throws {
    #expect(try operators(Self.model()) == Self.packing + ["PyramidConv", "PyramidConv", "Reshape"])
  }

  /// The second layer is one for both, the first is not.
  @Test func otherWeightsBeforeStayApart() throws {
    let names = try operators(Self.model(weight: "%other"))
    #expect(names.count { $0 == "Conv" } == 2)
    #expect(names.count { $0 == "PyramidConv" } == 1)
  }

  @Test func resultsThatAreReadElsewhereStayApart() throws {
    let fault = try refusalFault(
      MergePyramidLevels(), graph: Self.model(outputs: "%y, %c1"), reason: "same weights")
    #expect(fault == nil)
  }

  @Test func anotherOrderOfAxesIsLeft() throws {
    let fault = try refusalFault(
      MergePyramidLevels(), graph: Self.model(permutation: "[0, 3, 2, 1]"), reason: "transposed")
    #expect(fault == nil)
  }

  @Test func otherWindowsBeforeStayApart() throws {
    let names = try operators(
      Self.model(
        second: "{pads: [1, 1, 1, 1], activation: {kind: \"tanh\", alpha: 0.0, beta: 0.0}}"))
    #expect(names.count { $0 == "PyramidConv" } == 1)
  }
}
