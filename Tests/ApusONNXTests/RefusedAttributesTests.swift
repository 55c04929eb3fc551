import ApusCore
import FoundationEssentials
import SwiftProtobuf
import Testing

@testable import ApusONNX

/// What a model cannot mean whatever its tensors are is named wherever it stands, behind unknown operators too.
@Suite struct RefusedAttributesTests {
  /// Node, attribute and value of each problem that is about an attribute.
  private func refused(_ model: Onnx_ModelProto) throws -> [String] {
    do {
      _ = try model.loaded().importGraph(catalogue: .forTests)
      return []
    } catch let error as ApusError {
      return error.problems.filter { $0.attribute != nil }.map {
        "\($0.node ?? "") \($0.attribute ?? "") \($0.value ?? "")"
      }
    }
  }

  private func text(_ name: String, _ value: String) -> Onnx_AttributeProto {
    .with {
      $0.name = name
      $0.type = .string
      $0.s = .init(value.utf8)
    }
  }

  private func list(_ name: String, _ values: [Int64]) -> Onnx_AttributeProto {
    .with {
      $0.name = name
      $0.type = .ints
      $0.ints = values
    }
  }

  private let x = Make.value("x", [1, 4, 8, 8])
  private let unknown = Make.node("Unheard", ["x"], ["u"])

  @Test func behindAnUnknownOperator() throws {
    let nodes = [
      unknown,
      Make.node("Resize", ["u", "", "s"], ["a"], name: "r", [text("mode", "weird")]),
      Make.node("Conv", ["a", "w"], ["b"], name: "c", [text("auto_pad", "SOME"), list("strides", [0, 1])]),
      Make.node("DepthToSpace", ["b"], ["y"], name: "d", [Make.attribute("blocksize", int: -2)]),
    ]
    let model = Make.model(
      Make.graph(
        nodes, inputs: [x, Make.value("w", [4, 4, 3, 3])], outputs: ["y"],
        initializers: [Make.floats("s", [1, 1, 2, 2])]))
    #expect(
      try refused(model) == [
        "r mode weird", "c strides [0, 1]", "c auto_pad SOME", "d blocksize -2",
      ])
  }

  @Test func severalOfOneNode() throws {
    let attributes = [
      text("mode", "weird"), text("nearest_mode", "odd"), Make.attribute("antialias", int: 1),
    ]
    let graph = Make.graph(
      [Make.node("Resize", ["x", "", "s"], ["y"], name: "r", attributes)], inputs: [x], outputs: ["y"],
      initializers: [Make.floats("s", [1, 1, 2, 2])])
    // Antialiasing fits two of the allowed modes.
    #expect(try refused(Make.model(opset: 18, graph)) == ["r mode weird", "r nearest_mode odd"])
  }

  @Test func inBodiesAndFunctionsBehindAnUnknownOperator() throws {
    let pad = Make.node("Pad", ["u", "p"], ["t"], name: "inner", [text("mode", "blurred")])
    let same = Make.node("Identity", ["u"], ["e"])
    let branches = [
      Make.attribute("then_branch", graph: Make.graph([pad], inputs: [], outputs: ["t"])),
      Make.attribute("else_branch", graph: Make.graph([same], inputs: [], outputs: ["e"])),
    ]
    var function = Make.function(
      "F", inputs: ["q"], outputs: ["z"],
      [Make.node("Gelu", ["q"], ["z"], name: "g", [text("approximate", "bad")])])
    function.opsetImport = [Make.opsetImport("", 20), Make.opsetImport("local", 1)]
    let nodes = [
      unknown, Make.node("If", ["c"], ["v"], branches),
      Make.node("F", ["v"], ["y"], name: "f", domain: "local"),
    ]
    let model = Make.model(
      opset: 20, functions: [function],
      Make.graph(
        nodes, inputs: [x, Make.value("c", [], type: 9)], outputs: ["y"],
        initializers: [Make.int64s("p", [0, 0, 0, 0, 0, 0, 0, 0])]))
    #expect(try refused(model) == ["inner mode blurred", "f/g approximate bad"])
  }

  @Test func whatFitsIsNotBlamed() throws {
    let nodes = [
      unknown, Make.node("Transpose", ["u"], ["a"], [list("perm", [0, 2, 3, 1])]),
      Make.node("Flatten", ["a"], ["b"], [Make.attribute("axis", int: 3)]),
      Make.node("Softmax", ["b"], ["y"], [Make.attribute("axis", int: 5)]),
    ]
    #expect(try refused(Make.model(Make.graph(nodes, inputs: [x], outputs: ["y"]))).isEmpty)
  }
}
