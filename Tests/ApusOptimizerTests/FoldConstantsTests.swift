import ApusCore
import ApusOperators
import ApusOptimizer
import Testing

@Suite struct FoldConstantsTests {
  private func run(_ text: String) throws -> Graph {
    var graph = try GraphParser.parse(text, catalogue: .standard)
    _ = graph.inferTypes()
    _ = try FoldConstants().run(&graph, PassContext())
    return graph
  }

  @Test func constantsAreEvaluated() throws {
    let graph = try run(
      """
      graph "g"(%x: f32[2]) -> (%y) {
        %a: f32[2] = constant {1, 2}
        %b: f32[2] = constant {10, 20}
        %c: f32[2] = Add(%a, %b)
        %y: f32[2] = Add(%x, %c)
      }
      """)
    #expect(graph.nodeCount == 1)
    let sum = graph.value(named: "c").flatMap { graph[$0].constant }
    #expect(sum?.elements() == [11, 22] as [Float])
  }

  @Test func shapesOfKnownSizeAreWrittenDown() throws {
    let graph = try run(
      """
      graph "g"(%x: f32[batch,3,4]) -> (%y) {
        %s: i64[2] = Shape(%x) {start: 1}
        %y: f32[3,4] = Reshape(%x, %s)
      }
      """)
    #expect(graph.value(named: "s").flatMap { graph[$0].constant }?.integers() == [3, 4])
  }
}
