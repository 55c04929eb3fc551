import ApusCore
import FoundationEssentials
import Glibc
import SwiftProtobuf
import Testing

@testable import ApusONNX

@Suite struct EditableModelTests {
  let folder: ExternalDataTests.Folder
  let bytes: [UInt8]

  init() throws {
    folder = try ExternalDataTests.Folder()
    let body = Make.graph([Make.node("Relu", ["a"], ["t"])], inputs: [], outputs: ["t"])
    let graph = Make.graph(
      [
        Make.node("Add", ["x", "w"], ["a"]),
        Make.node(
          "If", ["c"], ["b"],
          [Make.attribute("then_branch", graph: body), Make.attribute("else_branch", graph: body)]),
        Make.node("Relu", ["b"], ["y"]), Make.node("Neg", ["a"], ["z"]),
      ], inputs: [Make.value("x", ["batch", 1000]), Make.value("c", [], type: 9)], outputs: ["y", "z"],
      initializers: [Make.floats("w", (0..<1000).map(Float.init)), Make.floats("small", [1, 2])])
    var model = Make.model(graph)
    model.metadataProps = [
      .with {
        $0.key = "author"
        $0.value = "nobody"
      }
    ]
    var serialized: [UInt8] = try model.serializedBytes()
    // Field 1000 of the model, length-delimited: unknown to everybody.
    serialized += [0xC2, 0x3E, 0x03, 1, 2, 3]
    bytes = serialized
    try folder.write(bytes, "model.onnx")
  }

  func load() throws -> EditableModel { try EditableModel.load(path: folder.path + "/model.onnx") }

  /// Saves, reads back, and removes the file.
  func saved(_ model: EditableModel, _ weights: EditableModel.WeightPlacement = .embedded) throws -> [UInt8] {
    let path = folder.path + "/out.onnx"
    try model.save(to: path, weights: weights)
    defer { unlink(path) }
    let file = try MappedFile(path: path)
    return withExtendedLifetime(file) { Array(file.bytes) }
  }

  @Test func savingUnchangedKeepsEverything() throws {
    let copy = try saved(load())
    #expect(try Onnx_ModelProto(serializedBytes: copy) == Onnx_ModelProto(serializedBytes: bytes))
    #expect(copy.count == bytes.count)
  }

  @Test func weightsMoveOutAndBack() throws {
    let outside = try saved(load(), .external(file: "w.bin"))
    #expect(outside.count < 1500)
    try folder.write(outside, "model.onnx")
    let model = try load()
    #expect(try model.initializer("w").doubles() == (0..<1000).map(Double.init))
    let inside = try saved(model)
    let (a, b) = (try Onnx_ModelProto(serializedBytes: inside), try Onnx_ModelProto(serializedBytes: bytes))
    #expect(a.graph.initializer[0].rawData == b.graph.initializer[0].rawData)
    #expect(a.graph.initializer[0].dataLocation == .default && a.graph.initializer[0].externalData.isEmpty)
  }

  @Test func renamingReachesBodies() throws {
    var model = try load()
    try model.rename("a", to: "sum")
    #expect(model.nodes[0].outputs == ["sum"] && model.nodes[1].reads == ["c", "sum"])
    #expect(throws: ApusError.self) { try model.rename("nothing", to: "q") }
    #expect(throws: ApusError.self) { try model.rename("x", to: "y") }
    _ = try model.onnxModel().importGraph(catalogue: .forTests)
  }

  @Test func unusedPartsGo() throws {
    var model = try load()
    model.removeOutput("y")
    model.removeUnused()
    #expect(model.nodes.map(\.opType) == ["Add", "Neg"])
    #expect(model.initializerNames == ["w"])
  }

  @Test func partsAreCutOut() throws {
    let model = try load()
    let part = try model.extracted(inputs: ["a"], outputs: ["z"])
    #expect(part.nodes.map(\.opType) == ["Neg"] && part.inputNames == ["a"] && part.initializerNames.isEmpty)
    let error = #expect(throws: ApusError.self) { try model.extracted(inputs: ["a"], outputs: ["y"]) }
    #expect(error?.problems.map(\.value) == ["c"])
  }

  @Test func valuesBecomeConstantsAndNodesAreAdded() throws {
    var model = try load()
    model.replace("b", by: Tensor([Float](repeating: 2, count: 3)))
    model.nodes.append(
      EditableNode("Reshape", inputs: ["y", "s"], outputs: ["r"], attributes: ["allowzero": .int(0)]))
    model.setInitializer("s", Tensor([Int64(3), 1]))
    try model.addOutput("r")
    model.removeUnused()
    #expect(model.nodes.map(\.opType) == ["Add", "Relu", "Neg", "Reshape"])
    let graph = try model.onnxModel().importGraph(catalogue: .forTests).graph
    #expect(graph[graph.outputs[2]].type == .tensor(.f32, [3, 1]))
  }
}
