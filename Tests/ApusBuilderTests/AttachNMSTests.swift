import ApusBuilder
import ApusCore
import ApusONNX
import ApusOperators
import Testing

@Suite struct AttachNMSTests {
  private let batch = Dim.symbol("batch")

  /// A model whose inputs go straight to its outputs: heads of given types.
  private func heads(_ types: [(String, Shape)]) -> EditableModel {
    var model = TextModel.make(
      types.map { "\($0.0) = Relu(\($0.0)_in)" }, inputs: [], outputs: types.map(\.0))
    for (name, shape) in types { model.addInput("\(name)_in", type: .tensor(.f32, shape)) }
    return model
  }

  private func imported(_ model: EditableModel) throws -> Graph {
    try model.onnxModel().importGraph(catalogue: .standard, options: ImportOptions(plugins: .shared)).graph
  }

  @Test func retinaNetGetsADecoderForEachLevel() throws {
    var model = heads([
      ("cls_0", [batch, 90, 60, 64]), ("cls_1", [batch, 90, 4, 5]), ("box_0", [batch, 36, 60, 64]),
      ("box_1", [batch, 36, 4, 5]),
    ])
    var surgery = AttachRetinaNet()
    surgery.sizes = [32, 512]
    #expect(throws: ApusError.self) { try surgery.attach(to: &model) }
    surgery.imageSize = (480, 640)
    try surgery.attach(to: &model)
    let graph = try imported(model)
    let decoders = graph.allNodes.compactMap { $0.op as? RetinaNetDecode }
    #expect(Set(decoders.map(\.stride)) == [[8, 10], [120, 128]])
    #expect(decoders.allSatisfy { $0.imageSize == [480, 640] && !$0.legacyPlusOne && $0.anchorCount == 9 })
    let types = graph.outputs.map { "\(graph[$0].name): \(graph[$0].type)" }
    #expect(
      types == [
        "scores: f32[batch,100,1,1]", "boxes: f32[batch,400,1,1]", "classes: f32[batch,100,1,1]",
        "num_detections: i32[batch]",
      ])
  }

  /// Torchvision rounds sizes and corners, detectron2 neither.
  @Test func anchorsOfBothStyles() {
    var surgery = AttachRetinaNet()
    #expect(Array(surgery.anchors(size: 32)[4..<8]) == [-28, -14, 28, 14])
    surgery.style = .detectron2
    let exact = surgery.anchors(size: 32)
    #expect(abs((exact[2] - exact[0]) * (exact[3] - exact[1]) - 32 * 32) < 1e-9)
  }

  @Test func efficientNMSTakesFieldsAndAnchors() throws {
    var model = heads([("boxes", [batch, 7, 4]), ("scores", [batch, 7, 3])])
    var surgery = AttachEfficientNMS(boxes: "boxes", scores: "scores")
    surgery.anchors = Tensor(.f32, [1, 7, 4])
    surgery.fields = ["max_output_boxes": .int(5), "box_coding": .int(1)]
    try surgery.attach(to: &model)
    let graph = try imported(model)
    #expect(graph.allNodes.compactMap { $0.op as? EfficientNMS }.map(\.centerCoding) == [true])
    #expect(graph[graph.outputs[1]].type.description == "f32[batch,5,4]")
    surgery.scores = "nothing"
    #expect(throws: ApusError.self) { try surgery.attach(to: &model) }
  }
}
