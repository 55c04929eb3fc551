import ApusCore
import ApusOperators
import ApusOptimizer
import ApusTestSupport
import Testing

@Suite struct ControlFlowTests {
  /// Doubles what it carries, adds a captured value, and gives the run's number times the capture.
  private static let steps = """
    graph "steps"(%i: i64[], %go: bool[], %c: f32[2], %w: f32[2]) -> (%next, %d, %e) {
      %same: f32[2] = Identity(%c)
      %two: f32[] = constant {2}
      %twice: f32[2] = Mul(%same, %two)
      %d: f32[2] = Add(%twice, %w)
      %f: f32[] = Cast(%i) {to: "f32"}
      %e: f32[2] = Mul(%w, %f)
      %next: bool[] = Identity(%go)
    }
    """

  private func loop(_ count: String, _ body: String = steps) -> String {
    """
    graph "g"(%x: f32[2], %w: f32[2], %n: i64[]) -> (%y, %s) {
      %k: i64[] = constant {3}
      %m: i64[] = constant {1000}
      %y: f32[2], %s: f32[3,2] = Loop(\(count), _, %x, %w) {body: \(body), carriedCount: 1}
    }
    """
  }

  private func unrolled(_ text: String) throws -> (graph: Graph, fault: String?) {
    let original = try parsed(text)
    var graph = original
    _ = try UnrollShortLoops().run(&graph, PassContext())
    #expect(graph.verifyTypes().isEmpty)
    return (graph, try numericFault(original, graph))
  }

  @Test func shortLoopsAreUnrolled() throws {
    let (graph, fault) = try unrolled(loop("%k"))
    #expect(fault == nil)
    #expect(!graph.allNodes.contains { $0.op is Loop })
    #expect(graph.outputs.map { graph[$0].name } == ["y", "s"])
    #expect(graph.allNodes.count { $0.op is Add } == 3)
  }

  @Test func longAndUnknownLoopsStay() throws {
    for count in ["%m", "%n"] {
      let (graph, fault) = try unrolled(loop(count))
      #expect(fault == nil)
      #expect(graph.allNodes.contains { $0.op is Loop })
    }
  }

  /// `while (i < 4)`, as exporters of while loops write it: no limit, the counter is carried.
  @Test func conditionsThatFollowFromConstantsAreFollowed() throws {
    let (graph, fault) = try unrolled(
      """
      graph "g"(%x: f32[3]) -> (%y) {
        %zero: i64[] = constant {0}
        %true: bool[] = constant {1}
        %last: i64[], %y: f32[3] = Loop(_, %true, %zero, %x) {body: graph "while"(%n: i64[], %go: bool[], %i: i64[], %c: f32[3]) -> (%more, %j, %d) {
          %one: i64[] = constant {1}
          %four: i64[] = constant {4}
          %j: i64[] = Add(%i, %one)
          %more: bool[] = Less(%j, %four)
          %d: f32[3] = Tanh(%c)
        }, carriedCount: 2}
      }
      """)
    #expect(fault == nil)
    #expect(graph.allNodes.map(\.opName).sorted() == ["Identity", "Tanh", "Tanh", "Tanh", "Tanh"])
  }

  @Test(arguments: [0, 1]) func scansOfKnownLengthAreUnrolled(_ direction: Int) throws {
    let (graph, fault) = try unrolled(
      """
      graph "g"(%h: f32[2], %x: f32[2,5], %w: f32[2]) -> (%last, %all) {
        %last: f32[2], %all: f32[2,5] = Scan(%h, %x, %w) {body: graph "cell"(%s: f32[2], %e: f32[2], %v: f32[2]) -> (%t, %o) {
          %a: f32[2] = Add(%s, %e)
          %t: f32[2] = Mul(%a, %v)
          %o: f32[2] = Neg(%t)
        }, scanCount: 1, captureCount: 1, inputAxes: [1], outputAxes: [-1], inputDirections: [\(direction)], outputDirections: [\(1 - direction)]}
      }
      """)
    #expect(fault == nil)
    #expect(!graph.allNodes.contains { $0.op is Scan })
  }

  @Test func bodiesAreOptimized() throws {
    let original = try parsed(loop("%n"))
    var graph = original
    let context = PassContext()
    _ = try OptimizeBodies().run(&graph, context)
    let body = try #require(graph.allNodes.compactMap { $0.op as? Loop }.first?.body)
    #expect(
      !body.allNodes.contains {
        $0.opName == "Identity" && !$0.outputs.contains { $0.map(body.isOutput) ?? false }
      })
    #expect(body.nodeCount < 6)
    #expect(context.firings.contains { $0.rule == "RemoveIdentity" })
    #expect(graph.verifyTypes().isEmpty)
    #expect(try numericFault(original, graph) == nil)
  }

  @Test func bothBranchesAreOptimized() throws {
    let branch = { (name: String, op: String) in
      """
      graph "\(name)"(%a: f32[2,3,4]) -> (%r) {
        %p: f32[3,2,4] = Transpose(%a) {permutation: [1, 0, 2]}
        %q: f32[2,3,4] = Transpose(%p) {permutation: [1, 0, 2]}
        %r: f32[2,3,4] = \(op)(%q)
      }
      """
    }
    let original = try parsed(
      """
      graph "g"(%c: bool[], %x: f32[2,3,4]) -> (%y) {
        %y: f32[2,3,4] = If(%c, %x) {thenBranch: \(branch("a", "Relu")), elseBranch: \(branch("b", "Neg"))}
      }
      """)
    var graph = original
    _ = try Pipeline.standard.run(&graph)
    let op = try #require(graph.allNodes.compactMap { $0.op as? If }.first)
    #expect(op.bodies.map(\.nodeCount) == [1, 1])
    #expect(try numericFault(original, graph) == nil)
    #expect(try numericFault(original, graph, seed: 12) == nil)
  }

  /// A branch that gives a constant, what it captures, and one value twice.
  @Test func staticBranchesDisappearWhateverTheyGive() throws {
    let original = try parsed(
      """
      graph "g"(%x: f32[2]) -> (%y, %z, %p, %q) {
        %c: bool[] = constant {1}
        %y: f32[2], %z: f32[], %p: f32[2], %q: f32[2] = If(%c, %x) {thenBranch: graph "a"(%a: f32[2]) -> (%a, %k, %n, %n) {
          %k: f32[] = constant {7}
          %n: f32[2] = Neg(%a)
        }, elseBranch: graph "b"(%a: f32[2]) -> (%a, %k, %a, %a) {
          %k: f32[] = constant {8}
        }}
      }
      """)
    var graph = original
    _ = try Pipeline.standard.run(&graph)
    #expect(!graph.allNodes.contains { $0.op is If })
    #expect(graph.outputs.map { graph[$0].name } == ["y", "z", "p", "q"])
    #expect(try numericFault(original, graph) == nil)
  }
}
