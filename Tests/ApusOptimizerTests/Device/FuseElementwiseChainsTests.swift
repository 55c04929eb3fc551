import ApusCore
import ApusOperators
import ApusOptimizer
import ApusTestSupport
import Testing

@Suite struct FuseElementwiseChainsTests {
  /// The text after the pass; both graphs must compute the same.
  private func rewritten(_ text: String, _ device: AnyKernels = AnyKernels()) throws -> String {
    let original = try parsed(text)
    var graph = original
    _ = try FuseElementwiseChains(device).run(&graph, PassContext())
    #expect(graph.verifyTypes().isEmpty)
    #expect(try numericFault(original, graph, sizes: ["b": 3]) == nil)
    return graph.description
  }

  private static let chain = """
    graph "g"(%x: f32[b,2,3], %r: f32[b,2,3]) -> (%y) {
      %k: f32[2,1] = constant {3, -4}
      %h: f32[] = constant {0.5}
      %a: f32[b,2,3] = Add(%x, %k)
      %e: f32[b,2,3] = Erf(%a)
      %m: f32[b,2,3] = Mul(%e, %h)
      %s: f32[b,2,3] = Sub(%m, %a)
      %y: f32[b,2,3] = Max(%r, %s)
    }
    """

  @Test func aChainWithABranchBecomesOneNode() throws {
    let text = try rewritten(Self.chain)
    #expect(
      text == """
        graph "g"(%x: f32[b,2,3], %r: f32[b,2,3]) -> (%y) {
          %k.1: f32[1,2,1] = constant {3.0, -4.0}
          %y: f32[b,2,3] = Pointwise(%r, %x, %k.1) {body: graph "body"(%r: f32[b,2,3], %x: f32[b,2,3], %k: f32[1,2,1]) -> (%y) {
            %h: f32[] = constant {0.5}
            %a: f32[b,2,3] = Add(%x, %k)
            %e: f32[b,2,3] = Erf(%a)
            %m: f32[b,2,3] = Mul(%e, %h)
            %s: f32[b,2,3] = Sub(%m, %a)
            %y: f32[b,2,3] = Max(%r, %s)
          }} by ["FuseElementwiseChains"]
        }
        """, "\(text)")
  }

  @Test func aResultThatOthersReadEndsTheChain() throws {
    let graph = try parsed(
      """
      graph "g"(%x: f32[b,2]) -> (%y, %z) {
        %a: f32[b,2] = Abs(%x)
        %e: f32[b,2] = Exp(%a)
        %n: f32[b,2] = Neg(%e)
        %y: f32[b,2] = Sqrt(%n)
        %z: f32[b,2] = Softmax(%e)
      }
      """)
    var fused = graph
    #expect(try FuseElementwiseChains(AnyKernels()).run(&fused, PassContext()) == 2)
    #expect(fused.nodeCount == 3)
    #expect(try numericFault(graph, fused) == nil)
  }

  @Test func smallerShapesAndOtherRegistersStayApart() throws {
    for body in [
      "%a: f32[1,2] = Exp(%k)\n %y: f32[b,2] = Add(%x, %a)",
      "%i: i32[b,2] = Cast(%x) {to: \"i32\"}\n %y: i32[b,2] = Neg(%i)",
    ] {
      let graph = try parsed("graph \"g\"(%x: f32[b,2], %k: f32[1,2]) -> (%y) {\n\(body)\n}")
      var fused = graph
      #expect(try FuseElementwiseChains(AnyKernels()).run(&fused, PassContext()) == 0)
      #expect(fused.nodeCount == 2)
    }
  }

  @Test func itLeavesWhatTheDeviceCannotRun() throws {
    var graph = try parsed(Self.chain)
    #expect(try FuseElementwiseChains(AnyKernels(lacking: ["Pointwise"])).run(&graph, PassContext()) == 0)
    let count = try FuseElementwiseChains(AnyKernels(lacking: ["Erf"])).run(&graph, PassContext())
    #expect(count == 1)
    #expect(graph.nodeCount == 3)
  }
}
