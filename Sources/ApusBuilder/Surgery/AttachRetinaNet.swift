import ApusCore
public import ApusONNX
import ApusOperators

/// Post-processing for a model that ends in the heads of a RetinaNet: a decode plugin for each level, three
/// concatenations and a suppression plugin.
public struct AttachRetinaNet: Sendable {
  /// How anchors are made.
  public enum AnchorStyle: String, Sendable, CaseIterable {
    /// Sizes cut and corners rounded to whole pixels; sizes without plus 1; deltas clipped at log(1000/16).
    case torchvision
    /// Corners rounded to whole pixels; otherwise as torchvision.
    case rounded
    /// Exact corners; otherwise as torchvision.
    case detectron2
  }

  /// Names of the score and delta outputs, from the finest level; nil: the first and second half of the outputs.
  public var scores: [String]?
  public var deltas: [String]?
  /// Height and width of the picture; nil: those of the model's input.
  public var imageSize: (height: Int, width: Int)?
  public var style = AnchorStyle.torchvision
  /// Side of the smallest anchor of each level.
  public var sizes = [32.0, 64, 128, 256, 512]
  /// Sizes of a place's anchors over the smallest.
  public var scales = [1.0, 1.259_921_049_894_873_2, 1.587_401_051_968_199_4]
  /// Heights over widths of a place's anchors.
  public var ratios = [0.5, 1, 2]
  public var topK = 1000
  public var scoreThreshold = 0.05
  public var overlap = 0.5
  public var maxDetections = 100

  public init() {}

  /// Corners of the anchors around a place: ratio outer, size inner.
  public func anchors(size: Double) -> [Double] {
    ratios.flatMap { ratio in
      scales.flatMap { scale -> [Double] in
        let side = style == .torchvision ? (size * scale).rounded(.down) : size * scale
        let (height, width) = (side * ratio.squareRoot(), side / ratio.squareRoot())
        let corners = [-width / 2, -height / 2, width / 2, height / 2]
        return style != .detectron2 ? corners.map { $0.rounded(.toNearestOrEven) } : corners
      }
    }
  }

  /// Adds the nodes; the outputs become `scores` `[n, k, 1, 1]`, `boxes` `[n, 4k, 1, 1]`, `classes` `[n, k, 1, 1]` and
  /// `num_detections` `[n]`.
  public func attach(to model: inout EditableModel) throws {
    let heads = try self.heads(of: model)
    let imported = try model.onnxModel().importGraph(
      catalogue: .withPlugins, options: ImportOptions(plugins: .shared))
    let graph = imported.graph
    let size = try imageSize ?? frame(of: graph)
    var nodes: [EditableNode] = []
    for (level, head) in heads.enumerated() {
      let grid = try self.grid(of: head.scores, in: graph)
      nodes.append(decode(level, head, stride: [size.height / grid.height, size.width / grid.width], size))
    }
    for (index, what) in ["scores", "boxes", "classes"].enumerated() {
      nodes.append(
        EditableNode(
          "Concat", inputs: heads.indices.map { name(what, $0) }, outputs: ["retinanet/\(what)"],
          name: "retinanet/concat_\(index)", attributes: ["axis": .int(1)]))
    }
    nodes.append(
      EditableNode(
        RetinaNetNMS.name, inputs: ["retinanet/scores", "retinanet/boxes", "retinanet/classes"],
        outputs: ["scores", "boxes", "classes", "num_detections"], name: "retinanet/nms", domain: "apus",
        attributes: [
          "nms_thresh": .float(overlap), "max_detections_per_image": .int(Int64(maxDetections)),
          "legacy_plus_one": .int(0),
        ]))
    try model.append(nodes, outputs: ["scores", "boxes", "classes", "num_detections"])
  }

  private func name(_ what: String, _ level: Int) -> String { "retinanet/\(what)_\(level)" }

  private func decode(
    _ level: Int, _ head: (scores: String, deltas: String), stride: [Int], _ size: (height: Int, width: Int)
  ) -> EditableNode {
    EditableNode(
      RetinaNetDecode.name, inputs: [head.scores, head.deltas],
      outputs: ["scores", "boxes", "classes"].map { name($0, level) }, name: "retinanet/decode_\(level)",
      domain: "apus",
      attributes: [
        "topk_candidates": .int(Int64(topK)), "score_thresh": .float(scoreThreshold),
        "stride": .list(stride.map { .int(Int64($0)) }),
        "anchors": .list(anchors(size: sizes[level]).map { .float($0) }),
        "image_size": .list([.int(Int64(size.height)), .int(Int64(size.width))]),
        "legacy_plus_one": .int(0), "delta_clip": .float(4.135_166_556_742_356),
      ])
  }

  private func heads(of model: EditableModel) throws -> [(scores: String, deltas: String)] {
    let outputs = model.outputNames
    let scores = self.scores ?? Array(outputs.prefix(outputs.count / 2))
    let deltas = self.deltas ?? Array(outputs.dropFirst(outputs.count / 2))
    guard scores.count == sizes.count, deltas.count == sizes.count else {
      throw ApusError(
        .usage,
        Problem(
          .usage,
          "there are \(scores.count) score and \(deltas.count) delta outputs for \(sizes.count) sizes",
          value: outputs.joined(separator: ", "), allowed: "one of each for every size",
          fix: "name them with --scores and --boxes, or give other --sizes"))
    }
    for name in scores + deltas where !model.defines(name) {
      throw ApusError(
        .usage,
        Problem(
          .unknownOutputName, "the model has no value '\(name)'", value: name,
          allowed: outputs.joined(separator: ", ")))
    }
    return zip(scores, deltas).map { ($0, $1) }
  }

  private func frame(of graph: Graph) throws -> (height: Int, width: Int) {
    let shape = graph.inputs.first.flatMap { graph[$0].type.tensor?.shape } ?? []
    guard shape.count == 4, [1, 3].contains(shape[1].value), let height = shape[2].value,
      let width = shape[3].value
    else {
      throw ApusError(
        .usage,
        Problem(
          .usage, "the size of the picture does not follow from the input", fix: "give --image-size HxW"))
    }
    return (height, width)
  }

  private func grid(of name: String, in graph: Graph) throws -> (height: Int, width: Int) {
    let shape = graph.value(named: name).flatMap { graph[$0].type.tensor?.shape } ?? []
    guard shape.count == 4, let height = shape[2].value, let width = shape[3].value, height > 0, width > 0
    else {
      throw ApusError(
        .invalidModel,
        Problem(
          .shapeMismatch, "'\(name)' is no head of known height and width", value: "\(shape)",
          allowed: "[n, channels, height, width]"))
    }
    return (height, width)
  }
}
