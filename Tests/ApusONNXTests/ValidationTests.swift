import ApusCore
import FoundationEssentials
import SwiftProtobuf
import Testing

@testable import ApusONNX

@Suite struct ValidationTests {
  /// All problems of a model; empty when it can be imported.
  func problems(_ model: Onnx_ModelProto) throws -> [Problem] {
    do {
      _ = try model.loaded().importGraph(catalogue: .forTests)
      return []
    } catch let error as ApusError {
      return error.problems
    }
  }

  func ids(_ model: Onnx_ModelProto) throws -> [ProblemID] { try problems(model).map(\.id) }

  let x = Make.value("x", [2, 3])

  @Test func allUnknownOperatorsAreListedAtOnce() throws {
    let nodes = [
      Make.node("Reluu", ["x"], ["a"], name: "first"), Make.node("Magic", ["a"], ["b"], domain: "acme"),
      Make.node("Relu", ["b"], ["c"]), Make.node("TreeEnsemble", ["c"], ["y"]),
    ]
    var model = Make.model(Make.graph(nodes, inputs: [x], outputs: ["y"]))
    model.opsetImport.append(Make.opsetImport("acme", 3))
    let found = try problems(model)
    #expect(found.map(\.operator) == ["Reluu", "Magic", "TreeEnsemble"])
    #expect(found.allSatisfy { $0.id == .unsupportedOperator })
    #expect(found[0].fix?.contains("did you mean Relu?") == true)
    #expect(found[0].node == "first" && found[0].opset == 17)
    #expect(found[1].domain == "acme" && found[1].opset == 3)
    #expect(found[2].fix?.contains("ai.onnx.ml") == true)
    let error = #expect(throws: ApusError.self) { try model.loaded().importGraph(catalogue: .forTests) }
    #expect(error?.category == .unsupportedOperator)
  }

  @Test func operatorNewerThanTheOpset() throws {
    let model = Make.model(
      opset: 12, Make.graph([Make.node("HardSwish", ["x"], ["y"])], inputs: [x], outputs: ["y"]))
    let found = try problems(model)
    #expect(found.map(\.id) == [.unsupportedOperator])
    #expect(found.first?.allowed?.contains("14") == true)
  }

  @Test func attributesAreHeldAgainstTheSchema() throws {
    let bad = [
      Make.attribute("allowzer", int: 1),
      Onnx_AttributeProto.with {
        $0.name = "allowzero"
        $0.type = .string
        $0.s = .init("yes".utf8)
      },
    ]
    let model = Make.model(
      Make.graph(
        [Make.node("Reshape", ["x", "s"], ["y"], bad), Make.node("Cast", ["x"], ["z"])], inputs: [x],
        outputs: ["y", "z"], initializers: [Make.int64s("s", [6])]))
    let found = try problems(model)
    #expect(found.filter { $0.id == .invalidAttribute }.map(\.attribute) == ["allowzer", "allowzero", "to"])
    #expect(found.first?.fix == "did you mean allowzero?")
    #expect(found.first?.allowed == "allowzero")
  }

  @Test func structureIsChecked() throws {
    let loop = [Make.node("Add", ["x", "b"], ["a"]), Make.node("Relu", ["a"], ["b"])]
    #expect(try ids(Make.model(Make.graph(loop, inputs: [x], outputs: ["b"]))) == [.cycle, .cycle])

    let undefined = Make.graph([Make.node("Add", ["x", "q"], ["y"])], inputs: [x], outputs: ["y", "z"])
    #expect(try ids(Make.model(undefined)) == [.undefinedValue, .undefinedValue])

    let twice = Make.graph(
      [Make.node("Relu", ["x"], ["y"]), Make.node("Relu", ["x"], ["y"])], inputs: [x], outputs: ["y"])
    #expect(try ids(Make.model(twice)).contains(.duplicateValue))

    let counts = Make.graph([Make.node("Relu", ["x", "x"], ["y"])], inputs: [x], outputs: ["y"])
    #expect(try ids(Make.model(counts)) == [.wrongInputCount])

    var short = Make.floats("w", [1, 2])
    short.dims = [3]
    let tensor = Make.graph(
      [Make.node("Add", ["x", "w"], ["y"])], inputs: [x], outputs: ["y"], initializers: [short])
    #expect(try ids(Make.model(tensor)) == [.invalidTensor])

    let types = Make.graph(
      [Make.node("Add", ["x", "i"], ["y"]), Make.node("Relu", ["y"], ["z"])], inputs: [x], outputs: ["z"],
      initializers: [Make.int64s("i", [1, 2, 3])])
    #expect(try ids(Make.model(types)) == [.typeMismatch])
  }

  @Test func versionsAreChecked() throws {
    let graph = Make.graph([Make.node("Relu", ["x"], ["y"])], inputs: [x], outputs: ["y"])
    #expect(try ids(Make.model(opset: 99, graph)).contains(.unsupportedVersion))
    #expect(try ids(Make.model(ir: 99, graph)) == [.unsupportedVersion])
    var none = Make.model(graph)
    none.opsetImport = []
    #expect(try ids(none).contains(.invalidGraph))
    none.irVersion = 2
    #expect(try ids(none).isEmpty)
  }

  @Test func bytesThatAreNoModel() {
    var generator = SplitMix64(seed: 7)
    let random = (0..<500).map { _ in UInt8.random(in: 0...255, using: &generator) }
    for bytes in [[], random, Array("PK\u{3}\u{4} not a model".utf8), Array(repeating: 0, count: 64)] {
      let error = #expect(throws: ApusError.self) {
        try ONNXModel(bytes: bytes).importGraph(catalogue: .forTests)
      }
      #expect(error?.exitCode == 65)
    }
  }

  @Test func deepNestingIsBounded() throws {
    var graph = Make.graph([Make.node("Relu", ["x"], ["y"])], inputs: [], outputs: ["y"])
    for _ in 0..<40 {
      let node = Make.node(
        "If", ["c"], ["y"],
        [
          Make.attribute("then_branch", graph: graph),
          Make.attribute(
            "else_branch",
            graph: graph.node.isEmpty
              ? graph : Make.graph([Make.node("Relu", ["x"], ["y"])], inputs: [], outputs: ["y"])),
        ])
      graph = Make.graph([node], inputs: [], outputs: ["y"])
    }
    graph.input = [x, Make.value("c", [], type: 9)]
    let bytes: [UInt8] = try Make.model(graph).serializedBytes()
    #expect(throws: ApusError.self) { try ONNXModel(bytes: bytes).importGraph(catalogue: .forTests) }
  }

  @Test func callsThatMultiplyAreBounded() throws {
    var functions = [Make.function("F0", inputs: ["p"], outputs: ["q"], [Make.node("Relu", ["p"], ["q"])])]
    for level in 1..<40 {
      let calls = [
        Make.node("F\(level - 1)", ["p"], ["r"], domain: "local"),
        Make.node("F\(level - 1)", ["r"], ["q"], domain: "local"),
      ]
      functions.append(Make.function("F\(level)", inputs: ["p"], outputs: ["q"], calls))
    }
    let model = Make.model(
      functions: functions,
      Make.graph([Make.node("F12", ["x"], ["y"], domain: "local")], inputs: [x], outputs: ["y"]))
    #expect(try ids(model).isEmpty)
  }
}
