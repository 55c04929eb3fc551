import ApusCore
import ApusOptimizer
import ApusTestSupport
import Testing

@Suite struct PipelineTests {
  private static let text = """
    graph "g"(%x: f32[b,2,4,4]) -> (%y) {
      %w: f32[2,2,1,1] = constant {1, 2, 3, 4}
      %r: i64[1] = constant {0}
      %e: i64[1] = constant {1}
      %m: i64[1] = constant {-1}
      %c: f32[b,2,4,4] = Conv(%x, %w)
      %d: f32[b,2,4,4] = Conv(%x, %w)
      %a: f32[b,2,4,4] = Relu(%c)
      %q: f32[b,2,4,4] = Relu(%d)
      %s: i64[4] = Shape(%q)
      %n: i64[1] = Slice(%s, %r, %e)
      %t: i64[2] = Concat(%n, %m)
      %f: f32[b,32] = Reshape(%a, %t)
      %y: f32[b,32] = Sigmoid(%f)
    }
    """

  @Test func theWholePipelineKeepsTheMeaning() throws {
    let graph = try parsed(Self.text)
    var optimized = graph
    let report = try Pipeline.standard.run(&optimized)
    #expect(optimized.nodeCount == 3)
    #expect(report.stages.contains { $0.fired["FuseActivation"] == 1 })
    #expect(try numericFault(graph, optimized) == nil)
  }

  @Test func itStopsAfterTheGivenNumberOfRewrites() throws {
    for limit in 0..<6 {
      let graph = try parsed(Self.text)
      var optimized = graph
      let context = PassContext(stopAfter: limit)
      _ = try Pipeline.standard.run(&optimized, context)
      #expect(context.firings.count <= limit + 1)
      #expect(try numericFault(graph, optimized) == nil)
    }
  }

  @Test func duplicatesMerge() throws {
    let fault = try rewriteFault(
      MergeDuplicates(),
      before: """
        graph "g"(%x: f32[2]) -> (%y) {
          %a: f32[] = constant {3}
          %b: f32[] = constant {3}
          %p: f32[2] = Mul(%x, %a)
          %q: f32[2] = Mul(%x, %b)
          %y: f32[2] = Add(%p, %q)
        }
        """,
      after: """
        graph "g"(%x: f32[2]) -> (%y) {
          %a: f32[] = constant {3}
          %p: f32[2] = Mul(%x, %a)
          %y: f32[2] = Add(%p, %p)
        }
        """)
    #expect(fault == nil)
  }

  @Test func shapeArithmeticNeedsNoTensor() throws {
    let fault = try rewriteFault(
      MaterializeShapeValues(),
      before: """
        graph "g"(%x: f32[b,2]) -> (%y) {
          %r: f32[b,2] = Relu(%x)
          %s: i64[2] = Shape(%r)
          %k: f32[1,2] = constant {1, 2}
          %y: f32[b,2] = Expand(%k, %s)
        }
        """,
      after: """
        graph "g"(%x: f32[b,2]) -> (%y) {
          %k: f32[1,2] = constant {1, 2}
          %s: i64[2] = ShapeExpression() {shape: [2], numerators: ["b", 2]}
          %y: f32[b,2] = Expand(%k, %s)
        }
        """, sizes: ["b": 3])
    #expect(fault == nil)
  }
}
