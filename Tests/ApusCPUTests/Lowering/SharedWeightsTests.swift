import ApusCPUTactics
import ApusCore
import ApusEngine
import ApusOperators
import ApusTactics
import ApusTestSupport
import Testing

/// Layers that several inputs go through, as a detector's heads see the levels of a pyramid.
@Suite struct SharedWeightsTests {
  /// Two linear layers, applied to each of three inputs.
  private func lowered() throws -> (plan: Plan, pool: ConstantPool) {
    var graph = Graph(name: "heads")
    let weights = (0..<2).map { index in
      graph.addConstant(
        Tensor((0..<160 * 160).map { Float(($0 * 7 + index) % 31) }, shape: [160, 160]), name: "w\(index)")
    }
    for input in 0..<3 {
      var value = graph.addInput("x\(input)", .tensor(.f32, [.constant(input + 2), .constant(160)]))
      for (index, weight) in weights.enumerated() {
        let node = graph.addNode(
          Linear(), [value, weight], outputs: ["y\(index)\(input)"], name: "layer\(index) of \(input)")
        value = graph[node].outputs[0] ?? value
      }
      graph.markOutput(value)
    }
    #expect(graph.inferTypes().isEmpty)
    let pool = ConstantPool(section: "packed.0")
    let result = try Lowering.lower(graph, tactics: .cpu(), constants: pool, chooser: FirstTactic())
    return (result.plan, pool)
  }

  @Test func nodesOfOneWeightFollowOneAnother() throws {
    let (plan, _) = try lowered()
    #expect(
      plan.steps.map(\.name) == [
        "layer0 of 0", "layer0 of 1", "layer0 of 2", "layer1 of 0", "layer1 of 1", "layer1 of 2",
      ])
  }

  @Test func equalWeightsArePackedOnce() throws {
    let (plan, pool) = try lowered()
    #expect(pool.tensors.count == 2)
    #expect(Set(plan.steps.flatMap(\.kernel.constants)).count == 2)
  }
}
