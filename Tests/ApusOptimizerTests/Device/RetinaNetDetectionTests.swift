import ApusCore
import ApusOptimizer
import ApusTestSupport
import Testing

@Suite struct RetinaNetDetectionTests {
  private static let fields =
    "{topkCandidates: 6, scoreThreshold: 0.5, stride: [8, 8], anchors: [-8.0, -8.0, 8.0, 8.0]}"

  /// Two levels; `scores` makes `%p` and `%q`, the levels' scores, from `%x` and `%z`.
  private static func model(_ dtype: String, scores: String, deltas: String, axis: Int = 1) -> String {
    """
    graph "g"(%x: \(dtype)[b,2,3,4], %z: \(dtype)[b,2,1,2], %u: \(dtype)[b,4,3,4], %v: \(dtype)[b,4,1,2]) -> (%s, %t, %r, %n) {
      \(scores)
      \(deltas)
      %s1: f32[b,6,1,1], %t1: f32[b,24,1,1], %r1: f32[b,6,1,1] = RetinaNetDecode(%p, %d) \(fields)
      %s2: f32[b,6,1,1], %t2: f32[b,24,1,1], %r2: f32[b,6,1,1] = RetinaNetDecode(%q, %e) \(fields)
      %s3: f32[b,12,1,1] = Concat(%s1, %s2) {axis: \(axis)}
      %t3: f32[b,48,1,1] = Concat(%t1, %t2) {axis: 1}
      %r3: f32[b,12,1,1] = Concat(%r1, %r2) {axis: 1}
      %s: f32[b,5,1,1], %t: f32[b,20,1,1], %r: f32[b,5,1,1], %n: i32[b] = RetinaNetNMS(%s3, %t3, %r3) {maxDetections: 5}
    }
    """
  }

  private static let sigmoids = """
    %p: f32[b,2,3,4] = Sigmoid(%x)
      %q: f32[b,2,1,2] = Sigmoid(%z)
    """
  private static let copies = """
    %d: f32[b,4,3,4] = Identity(%u)
      %e: f32[b,4,1,2] = Identity(%v)
    """

  private func fused(_ text: String) throws -> String {
    let original = try parsed(text)
    var graph = original
    _ = try RuleSet("test", [FuseRetinaNetDetection()]).run(&graph, PassContext())
    graph.removeDead()
    #expect(graph.verifyTypes().isEmpty)
    #expect(try numericFault(original, graph, sizes: ["b": 3]) == nil)
    return "\(graph)"
  }

  @Test func levelsAndTheirSigmoidsBecomeOneNode() throws {
    let graph = try fused(Self.model("f32", scores: Self.sigmoids, deltas: Self.copies))
    #expect(graph.contains("RetinaNetDetection(%x, %d, %z, %e)"))
    #expect(!graph.contains("Sigmoid(") && !graph.contains("RetinaNetNMS("))
  }

  @Test func castsAreTakenInWhereAllLevelsHaveThem() throws {
    let casts = ["p", "q", "d", "e"].enumerated().map { index, name in
      "%\(name): f32[b,\(index < 2 ? 2 : 4),\(index % 2 == 0 ? "3,4" : "1,2")] = Cast(%\(["x", "z", "u", "v"][index])) {to: \"f32\"}"
    }
    let graph = try fused(
      Self.model(
        "f16", scores: casts[..<2].joined(separator: "\n"), deltas: casts[2...].joined(separator: "\n")))
    #expect(graph.contains("RetinaNetDetection(%x, %u, %z, %v)"))
    let mixed = try fused(
      Self.model(
        "f16", scores: casts[..<2].joined(separator: "\n"), deltas: casts[2...].joined(separator: "\n")
      )
      .replacing("Cast(%x)", with: "Cast(%w)")
      .replacing("  %p:", with: "  %w: f64[b,2,3,4] = Cast(%x) {to: \"f64\"}\n  %p:"))
    #expect(mixed.contains("RetinaNetDetection(%p, %u, %q, %v)"))
  }

  @Test func candidatesThatAreReadElsewhereStay() throws {
    let text = Self.model("f32", scores: Self.sigmoids, deltas: Self.copies)
    let fault = try refusalFault(
      FuseRetinaNetDetection(), graph: text.replacing("(%s, %t, %r, %n)", with: "(%s, %t, %r, %n, %t1)"),
      reason: "also read elsewhere")
    #expect(fault == nil)
  }
}
