import ApusCore
import SwiftProtobuf
import Testing

@testable import ApusONNX

@Suite struct ImportTests {
  func imported(_ model: Onnx_ModelProto) throws -> ImportedModel {
    let imported = try model.loaded().importGraph(catalogue: .forTests)
    #expect(imported.graph.verify().isEmpty)
    return imported
  }

  @Test func namesSymbolsAndOptionalInputsAreKept() throws {
    let nodes = [
      Make.node("Add", ["x", "bias"], ["sum"], name: "plus"),
      Make.node("Relu", ["sum"], ["y"]),
    ]
    let graph = try imported(
      Make.model(
        Make.graph(
          nodes, inputs: [Make.value("x", ["batch", Int?.none, 3])], outputs: ["y"],
          initializers: [Make.floats("bias", [1, 2, 3])]))
    ).graph
    let order = try #require(graph.topologicalOrder())
    #expect(order.map { graph[$0].name } == ["plus", "Relu_y"])
    #expect(graph[graph.outputs[0]].name == "y")
    #expect(graph[graph.outputs[0]].type == .tensor(.f32, [.symbol("batch"), .symbol("x_1"), 3]))
    #expect(graph.constant(graph.value(named: "bias"))?.doubles() == [1, 2, 3])
  }

  @Test func inputsThatAreInitializersAreNoInputs() throws {
    let model = Make.model(
      opset: 7, ir: 3,
      Make.graph(
        [Make.node("Add", ["x", "w"], ["y"])], inputs: [Make.value("x", [2]), Make.value("w", [2])],
        outputs: ["y"], initializers: [Make.floats("w", [1, 2])]))
    let graph = try imported(model).graph
    #expect(graph.inputs.map { graph[$0].name } == ["x"])
  }

  @Test func outputsThatAreInputsOrTwiceGetIdentity() throws {
    let model = Make.model(
      Make.graph(
        [Make.node("Relu", ["x"], ["y"])], inputs: [Make.value("x", [2])], outputs: ["y", "y", "x", "w"],
        initializers: [Make.floats("w", [1, 2])]))
    let result = try imported(model)
    #expect(result.outputNames == ["y", "y", "x", "w"])
    #expect(Set(result.graph.outputs).count == 4)
    #expect(result.graph[result.graph.outputs[3]].name == "w")
    #expect(result.graph[result.graph.inputs[0]].name == "x")
  }

  @Test func nodesOutOfOrderAreSorted() throws {
    let model = Make.model(
      Make.graph(
        [Make.node("Relu", ["a"], ["y"]), Make.node("Relu", ["x"], ["a"])], inputs: [Make.value("x", [2])],
        outputs: ["y"]))
    #expect(try imported(model).graph.nodeCount == 2)
  }

  @Test func bodiesAreClosed() throws {
    let then = Make.graph(
      [Make.node("Add", ["a", "w"], ["t"])], inputs: [], outputs: ["t"])
    let other = Make.graph([Make.node("Relu", ["b"], ["e"])], inputs: [], outputs: ["e"])
    let branch = Make.node(
      "If", ["c"], ["y"], name: "choice",
      [Make.attribute("then_branch", graph: then), Make.attribute("else_branch", graph: other)])
    let model = Make.model(
      Make.graph(
        [Make.node("Relu", ["x"], ["a"]), Make.node("Relu", ["a"], ["b"]), branch],
        inputs: [Make.value("x", [2]), Make.value("c", [], type: 9)], outputs: ["y"],
        initializers: [Make.floats("w", [1, 2])]))
    let graph = try imported(model).graph
    let node = try #require(graph.allNodes.first { $0.name == "choice" })
    #expect(node.inputs.map { $0.map { graph[$0].name } } == ["c", "a", "b"])
    let op = try #require(node.op as? TwoBranches)
    #expect(op.thenBranch.inputs.map { op.thenBranch[$0].name } == ["a", "b"])
    #expect(op.elseBranch.inputs.map { op.elseBranch[$0].name } == ["a", "b"])
    let copied = op.thenBranch.constant(op.thenBranch.value(named: "w"))
    #expect(copied?.storage === graph.constant(graph.value(named: "w"))?.storage)
    #expect(op.thenBranch.verify().isEmpty)
  }

  @Test func decidedBranchesAreInlined() throws {
    // The other branch adds shapes that do not fit.
    let then = Make.graph(
      [Make.node("Add", ["x", "v"], ["r"]), Make.node("Relu", ["r"], ["t"])], inputs: [], outputs: ["t"],
      initializers: [Make.floats("v", [1, 2])])
    let other = Make.graph([Make.node("Add", ["x", "w"], ["e"])], inputs: [], outputs: ["e"])
    let condition = Onnx_TensorProto.with {
      $0.name = "c"
      $0.dataType = 9
      $0.int32Data = [1]
    }
    let branch = Make.node(
      "If", ["c"], ["y"], name: "choice",
      [Make.attribute("then_branch", graph: then), Make.attribute("else_branch", graph: other)])
    let model = Make.model(
      Make.graph(
        [branch], inputs: [Make.value("x", [2])], outputs: ["y"],
        initializers: [condition, Make.floats("w", [1, 2, 3])]))
    let graph = try imported(model).graph
    #expect(graph.topologicalOrder()?.map { graph[$0].name } == ["choice/Add_r", "choice/Relu_t"])
    #expect(graph[graph.outputs[0]].name == "y")
    #expect(graph.value(named: "choice/v") != nil)
  }

  @Test func functionsAreInlined() throws {
    let inner = Make.function(
      "Twice", inputs: ["p"], outputs: ["q"], [Make.node("Add", ["p", "p"], ["q"])])
    let outer = Make.function(
      "Shaped", inputs: ["p", "missing"], outputs: ["q"], attributes: ["from"],
      [
        Make.node("Twice", ["p"], ["d"], domain: "local"),
        Make.node(
          "Shape", ["d"], ["q"],
          [
            .with {
              $0.name = "start"
              $0.type = .int
              $0.refAttrName = "from"
            }
          ]),
      ])
    let call = Make.node(
      "Shaped", ["x"], ["y"], name: "call", domain: "local", [Make.attribute("from", int: 1)])
    let model = Make.model(
      functions: [inner, outer], Make.graph([call], inputs: [Make.value("x", [2, 5])], outputs: ["y"]))
    let graph = try imported(model).graph
    #expect(Set(graph.allNodes.map(\.name)) == ["call/Twice_d/Add_q", "call/Shape_q"])
    #expect(graph[graph.outputs[0]].name == "y")
    #expect(graph[graph.outputs[0]].type == .tensor(.i64, [1]))
  }

  @Test func recursiveFunctionsAreRefused() throws {
    let loop = Make.function(
      "F", inputs: ["p"], outputs: ["q"], [Make.node("F", ["p"], ["q"], domain: "local")])
    let model = Make.model(
      functions: [loop],
      Make.graph(
        [Make.node("F", ["x"], ["y"], domain: "local")], inputs: [Make.value("x", [2])], outputs: ["y"]))
    let error = #expect(throws: ApusError.self) { try model.loaded().importGraph(catalogue: .forTests) }
    #expect(error?.problems.first?.id == .invalidGraph)
  }
}

@Suite struct FixedShapeTests {
  let model = Make.model(
    Make.graph(
      [Make.node("Add", ["x", "b"], ["y"])],
      inputs: [Make.value("x", ["batch", Int?.none, 3]), Make.value("b", ["batch", 1, 3])], outputs: ["y"]))

  func problems(_ shapes: [String: [Int]]) -> [ProblemID] {
    do {
      _ = try model.loaded().importGraph(catalogue: .forTests, options: ImportOptions(fixedShapes: shapes))
      return []
    } catch {
      return (error as? ApusError)?.problems.map(\.id) ?? []
    }
  }

  @Test func symbolsAreFixedEverywhere() throws {
    let options = ImportOptions(fixedShapes: ["x": [4, 5, 3]])
    let graph = try model.loaded().importGraph(catalogue: .forTests, options: options).graph
    #expect(graph.inputs.map { graph[$0].type } == [.tensor(.f32, [4, 5, 3]), .tensor(.f32, [4, 1, 3])])
    #expect(graph[graph.outputs[0]].type == .tensor(.f32, [4, 5, 3]))
  }

  @Test func shapesThatDoNotFitAreRefused() {
    #expect(problems(["q": [1]]) == [.unknownInputName])
    #expect(problems(["x": [1, 2]]) == [.inputShape])
    #expect(problems(["x": [1, 2, 4]]) == [.inputShape])
    #expect(problems(["x": [1, 2, 3], "b": [2, 1, 3]]) == [.inputShape])
  }
}

@Suite struct InspectTests {
  @Test func operatorsAreCountedBodiesIncluded() throws {
    let body = Make.graph([Make.node("Relu", ["x"], ["t"])], inputs: [], outputs: ["t"])
    let nodes = [
      Make.node(
        "If", ["c"], ["y"],
        [Make.attribute("then_branch", graph: body), Make.attribute("else_branch", graph: body)]),
      Make.node("Relu", ["y"], ["z"]),
    ]
    let model = try Make.model(
      Make.graph(nodes, inputs: [Make.value("x", [2]), Make.value("c", [], type: 9)], outputs: ["z"])
    ).loaded()
    #expect(model.operators.map { "\($0.opType) \($0.count)" } == ["If 1", "Relu 3"])
    #expect(model.inputs.map(\.name) == ["x", "c"] && model.inputs[0].type == .tensor(.f32, [2]))
    #expect(model.outputs.map(\.name) == ["z"])
    #expect(model.validate(catalogue: .forTests).isEmpty)
  }
}
