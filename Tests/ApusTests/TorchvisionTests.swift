import Apus
import ApusCore
import ApusOperators
import Glibc
import Testing

/// Comparisons with torchvision, where a Python that has it is on the path (or named by PYTHON).
@Suite struct TorchvisionTests {
  private static let python = getenv("PYTHON").map { String(cString: $0) } ?? "python3"
  static let isThere = system("\(python) -c 'import torchvision' 2>/dev/null") == 0
  private static let script =
    "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/Scripts/torchvision-cases.py"

  /// What torchvision computes, from a seed that is new each time.
  private func cases() throws -> [String: Tensor] {
    let seed = UInt32.random(in: 0..<1 << 30)
    let path = "/tmp/apus-torchvision-\(seed).npz"
    try #require(system("\(Self.python) '\(Self.script)' \(path) \(seed)") == 0)
    defer { unlink(path) }
    return try NPZFile.read(path)
  }

  private func make(_ plugin: String, _ fields: [String: AttributeValue], namespace: String? = nil) throws
    -> any ApusCore.Operator
  {
    try PluginRegistry.shared.require(plugin, namespace: namespace).makeOperator(fields)
  }

  private func largestDifference(_ a: Tensor?, _ b: Tensor?) -> Double {
    guard let a, let b, a.shape == b.shape else { return .infinity }
    return zip(a.doubles(), b.doubles()).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  @Test(.enabled(if: isThere, "python3 has no torchvision")) func suppression() throws {
    let data = try cases()
    let nms = try make("nms", ["iou_threshold": .float(0.4)])
    let byClass = try make("batched_nms", ["iou_threshold": .float(0.4)])
    for number in 0..<20 {
      let operands = ["boxes", "scores", "classes"].map { data["nms_\(number)_\($0)"] }
      let kept = try nms.evaluate(Operands(Array(operands[..<2])))[0].tensor
      #expect(kept?.integers() == data["nms_\(number)_kept"]?.integers())
      let keptByClass = try byClass.evaluate(Operands(operands))[0].tensor
      #expect(keptByClass?.integers() == data["nms_\(number)_kept_by_class"]?.integers())
    }
  }

  @Test(.enabled(if: isThere, "python3 has no torchvision")) func poolingAndConvolution() throws {
    let data = try cases()
    let strides = data["roi_strides"]?.doubles().map { AttributeValue.float($0) } ?? []
    let pool = try make(
      "MultiscaleRoiAlign",
      ["output_height": .int(5), "output_width": .int(4), "featmap_strides": .list(strides)])
    let pooled = try pool.evaluate(
      Operands([data["roi_regions"]] + (0..<4).map { data["roi_level_\($0)"] }))[0].tensor
    #expect(largestDifference(pooled, data["roi_pooled"]) < 1e-4)
    let convolution = try make(
      "ModulatedDeformConv2d",
      ["stride": .int(2), "padding": .int(1), "group": .int(2), "deformable_group": .int(2)])
    let y = try convolution.evaluate(
      Operands(["x", "offset", "mask", "weight", "bias"].map { data["deform_\($0)"] }))[0].tensor
    #expect(largestDifference(y, data["deform_y"]) < 1e-4)
  }

  /// Boxes within a hundredth of a pixel, same labels, same order.
  @Test(.enabled(if: isThere, "python3 has no torchvision")) func retinaNetPostProcessing() throws {
    let data = try cases()
    var network = Network(name: "retinanet")
    var feeds: [String: Tensor] = [:]
    var levels: [[Network.Value]] = []
    for level in 0..<5 {
      let heads = try ["scores", "deltas"].map { what -> Network.Value in
        let tensor = try #require(data["retinanet_\(what)_\(level)"])
        feeds["\(what)\(level)"] = tensor
        return network.addInput("\(what)\(level)", .f32, Shape(tensor.shape))
      }
      let shape = feeds["scores\(level)"]?.shape ?? []
      let anchors = data["retinanet_anchors_\(level)"]?.doubles().map { AttributeValue.float($0) } ?? []
      levels.append(
        try network.addPlugin(
          "RetinaNetDecode", inputs: heads.map { $0 },
          fields: [
            "topk_candidates": .int(300), "anchors": .list(anchors), "num_anchors": .int(9),
            "stride": .list([.int(Int64(480 / shape[2])), .int(Int64(640 / shape[3]))]),
            "image_size": .list([.int(480), .int(640)]), "legacy_plus_one": .int(0),
            "delta_clip": .float(4.135_166_556_742_356),
          ], outputs: 3))
    }
    let joined = try (0..<3).map { output in try network.addConcatenation(levels.map { $0[output] }) }
    let kept = try network.addPlugin(
      "RetinaNetNMS", inputs: joined, fields: ["legacy_plus_one": .int(0)], outputs: 4)
    for (value, name) in zip(kept, ["scores", "boxes", "classes", "count"]) {
      try network.markOutput(value, name: name)
    }
    var options = BuildOptions()
    options.measures = false
    let outputs = try Session(network.build(options).lowered.executable).run(feeds)
    for image in 0..<2 {
      let expected = try #require(data["retinanet_\(image)_boxes"])
      let count = expected.shape[0]
      #expect(outputs["count"]?.integers()[image] == Int64(count))
      let labels = outputs["classes"]?.doubles()[image * 100..<image * 100 + count].map { Int64($0) }
      #expect(labels == data["retinanet_\(image)_labels"]?.integers())
      let boxes = outputs["boxes"]?.doubles()[image * 400..<image * 400 + 4 * count] ?? []
      let worst = zip(boxes, expected.doubles()).reduce(0) { max($0, abs($1.0 - $1.1)) }
      #expect(boxes.count == 4 * count && worst < 0.01)
    }
  }
}
