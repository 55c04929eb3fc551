import Apus

/// Post-processing of a RetinaNet built by hand: a decode plugin for each level of the pyramid, three concatenations, a
/// suppression plugin and one optimization profile.
struct PostProcess {
  var topKCandidates = 1000
  var scoreThreshold = 0.05
  var overlap = 0.5
  var maxDetections = 100

  /// The network for heads of these shapes (`[channels, height, width]`, from the finest level).
  ///
  /// - Parameters:
  ///   - anchors: Four corners an anchor, for each level.
  ///   - imageWidth: Width of the picture the heads are computed from.
  func network(
    scores: [[Int]], deltas: [[Int]], anchors: [[Float]], imageWidth: Int
  ) throws -> Network {
    var network = Network(name: "retinanet_postprocess")
    var profile = ShapeProfile(inputs: [:])
    func addHead(_ name: String, _ shape: [Int]) -> Network.Value {
      profile.inputs[name] = .init(min: [1] + shape, opt: [20] + shape, max: [1000] + shape)
      return network.addInput(name, .f32, [.symbol("batch")] + shape.map { .constant($0) })
    }
    let scoreHeads = scores.enumerated().map { addHead("cls_head\($0)", $1) }
    let boxHeads = deltas.enumerated().map { addHead("box_head\($0)", $1) }

    var levels: [[Network.Value]] = []
    for (index, corners) in anchors.enumerated() {
      let stride = imageWidth / scores[index][2]
      levels.append(
        try network.addPlugin(
          "RetinaNetDecode", inputs: [scoreHeads[index], boxHeads[index]],
          fields: [
            "topk_candidates": .int(Int64(topKCandidates)),
            "score_thresh": .float(scoreThreshold),
            "stride": .int(Int64(stride)),
            "num_anchors": .int(Int64(corners.count)),
            "anchors": .list(corners.map { .float(Double($0)) }),
          ], outputs: 3, name: "decode\(index)"))
    }
    let joined = try (0..<3).map { output in try network.addConcatenation(levels.map { $0[output] }) }
    let kept = try network.addPlugin(
      "RetinaNetNMS", inputs: joined,
      fields: [
        "nms_thresh": .float(overlap), "max_detections_per_image": .int(Int64(maxDetections)),
      ], outputs: 3, name: "nms")
    for (value, name) in zip(kept, ["scores", "boxes", "classes"]) {
      try network.markOutput(value, name: name)
    }
    network.profiles = [profile]
    return network
  }

  /// A model that ends in heads, joined with the post-processing: one network from pictures to boxes.
  func joined(with model: Model, scores: [String], deltas: [String], network post: Network) throws -> Network
  {
    var whole = Network(model)
    var inputs: [String: Network.Value] = [:]
    for (index, name) in scores.enumerated() { inputs["cls_head\(index)"] = whole.value(named: name) }
    for (index, name) in deltas.enumerated() { inputs["box_head\(index)"] = whole.value(named: name) }
    whole.unmarkOutputs()
    let outputs = try whole.add(post.graph, inputs: inputs)
    for name in ["scores", "boxes", "classes"] {
      if let value = outputs[name] { try whole.markOutput(value, name: name) }
    }
    return whole
  }
}
