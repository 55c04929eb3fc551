import ApusCore
import ApusTestSupport
import SwiftProtobuf
import Testing

@testable import ApusONNX

/// Damaged models must give errors, never a crash.
@Suite struct MutationTests {
  @Test func damagedModelsGiveErrors() throws {
    var generator = SplitMix64(seed: 2026)
    let models = try Self.models().map { try $0.serializedBytes() as [UInt8] }
    var imported = 0
    for index in 0..<Damage.count {
      let bytes = Damage.applied(to: models[index % models.count], using: &generator)
      do {
        let graph = try ONNXModel(bytes: bytes).importGraph(catalogue: .forTests).graph
        #expect(graph.verify().isEmpty, "mutation \(index)")
        imported += 1
      } catch let error as ApusError {
        #expect(!error.problems.isEmpty)
        #expect(error.problems.allSatisfy { $0.id != .internalError }, "mutation \(index): \(error)")
      }
    }
    // Some damage hits names and weights only; most must be noticed.
    #expect(imported < Damage.count * 3 / 4)
  }

  static func models() throws -> [Onnx_ModelProto] {
    let x = Make.value("x", ["batch", 3])
    let chain = Make.graph(
      [
        Make.node("Shape", ["x"], ["s"]), Make.node("Add", ["x", "w"], ["a"], name: "add"),
        Make.node("Reshape", ["a", "s"], ["r"], [Make.attribute("allowzero", int: 0)]),
        Make.node("Unsqueeze", ["r", "axes"], ["u"]), Make.node("Relu", ["u"], ["y"]),
      ], inputs: [x], outputs: ["y", "s"],
      initializers: [Make.floats("w", [1, 2, 3]), Make.int64s("axes", [0])])
    let large = Make.graph(
      [Make.node("Add", ["x", "w"], ["y"])], inputs: [Make.value("x", [20, 30])], outputs: ["y"],
      initializers: [Make.floats("w", [Float](repeating: 1, count: 600), [20, 30])])
    let then = Make.graph([Make.node("Relu", ["x"], ["t"])], inputs: [], outputs: ["t"])
    let other = Make.graph([Make.node("Add", ["x", "x"], ["e"])], inputs: [], outputs: ["e"])
    let branch = Make.graph(
      [
        Make.node(
          "If", ["c"], ["y"],
          [Make.attribute("then_branch", graph: then), Make.attribute("else_branch", graph: other)])
      ], inputs: [x, Make.value("c", [], type: 9)], outputs: ["y"])
    let function = Make.function(
      "Twice", inputs: ["p"], outputs: ["q"], [Make.node("Add", ["p", "p"], ["q"])])
    let call = Make.graph([Make.node("Twice", ["x"], ["y"], domain: "local")], inputs: [x], outputs: ["y"])
    return [
      Make.model(chain), Make.model(large), Make.model(branch), Make.model(functions: [function], call),
    ]
  }
}
