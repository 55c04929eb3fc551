import Apus
import ApusONNX
import ArgumentParser

/// `apus surgeon attach-nms MODEL -o MODEL --kind retinanet|efficientnms`
struct SurgeonAttachNMS: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attach-nms",
    abstract: "Adds detection post-processing to a model that was exported without it.",
    discussion: """
      Example:
        apus surgeon attach-nms heads.onnx -o detector.onnx --kind retinanet --scores cls_0,cls_1 --boxes box_0,box_1
        apus surgeon attach-nms efficientdet.onnx -o detector.onnx --kind efficientnms --scores scores --boxes boxes \\
          --anchors anchors.npy --field box_coding=1 --field score_activation=1
      """)

  enum Kind: String, ExpressibleByArgument, CaseIterable { case retinanet, efficientnms }

  @OptionGroup var options: SurgeonOptions
  @Option(
    help: "retinanet: heads [n, channels, h, w] by level; efficientnms: boxes and scores of all places.")
  var kind: Kind
  @Option(help: "Score outputs, separated by commas, from the finest level.") var scores: String?
  @Option(help: "Box outputs, separated by commas, from the finest level.") var boxes: String?
  @Option(name: .customLong("image-size"), help: "HxW of the picture; that of the input without.")
  var imageSize: String?
  @Option(
    name: .customLong("anchor-style"),
    help: "torchvision (sizes cut, corners rounded), rounded (corners), detectron2 (exact).")
  var anchorStyle = "torchvision"
  @Option(help: "Side of the smallest anchor of each level, separated by commas.")
  var sizes = "32,64,128,256,512"
  @Option(name: .customLong("scales"), help: "Sizes of a place over the smallest.") var scales: String?
  @Option(help: "Heights over widths.") var ratios = "0.5,1,2"
  @Option(name: .customLong("topk"), help: "Candidates of a level.") var topK = 1000
  @Option(name: .customLong("score-threshold"), help: "Score that must be exceeded.") var scoreThreshold =
    0.05
  @Option(help: "Overlap beyond which boxes suppress each other.") var iou = 0.5
  @Option(name: .customLong("max-detections"), help: "Boxes of a picture.") var maxDetections = 100
  @Option(help: "Anchors of efficientnms, [1, places, 4] as .npy.") var anchors: String?
  @Option(help: "Further field of the plugin: NAME=NUMBER.") var field: [String] = []

  func run() throws {
    let original = try options.loadModel()
    var edited = original
    switch kind {
    case .retinanet: try retinaNet().attach(to: &edited)
    case .efficientnms: try efficientNMS(original).attach(to: &edited)
    }
    try options.finish("attach-nms", original, edited, comparable: false)
  }

  private func retinaNet() throws -> AttachRetinaNet {
    var surgery = AttachRetinaNet()
    (surgery.scores, surgery.deltas) = (names(scores), names(boxes))
    if let imageSize {
      let size = try ShapeArguments.shape(imageSize)
      guard size.count == 2 else { throw wrong("--image-size takes HxW", imageSize) }
      surgery.imageSize = (size[0], size[1])
    }
    guard let style = AttachRetinaNet.AnchorStyle(rawValue: anchorStyle) else {
      throw ApusError(
        .usage,
        Problem(
          .usage, "unknown anchor style", value: anchorStyle,
          allowed: AttachRetinaNet.AnchorStyle.allCases.map(\.rawValue).joined(separator: ", ")))
    }
    surgery.style = style
    surgery.sizes = try numbers(sizes)
    surgery.ratios = try numbers(ratios)
    if let scales { surgery.scales = try numbers(scales) }
    (surgery.topK, surgery.maxDetections) = (topK, maxDetections)
    (surgery.scoreThreshold, surgery.overlap) = (scoreThreshold, iou)
    return surgery
  }

  private func efficientNMS(_ model: EditableModel) throws -> AttachEfficientNMS {
    let outputs = model.outputNames
    guard let boxes = boxes ?? outputs.first(where: { $0.lowercased().contains("box") }),
      let scores = scores ?? outputs.first(where: { $0.lowercased().contains("score") })
    else { throw wrong("give --boxes and --scores", outputs.joined(separator: ", ")) }
    var surgery = AttachEfficientNMS(boxes: boxes, scores: scores)
    surgery.anchors = try anchors.map { try NPYFile.read($0) }
    surgery.fields = [
      "score_threshold": .float(scoreThreshold), "iou_threshold": .float(iou),
      "max_output_boxes": .int(Int64(maxDetections)),
    ]
    for item in field {
      let (name, value) = try ShapeArguments.pair(item, flag: "--field")
      guard let number = Double(value) else { throw wrong("--field takes NAME=NUMBER", item) }
      surgery.fields[name] = Int64(value).map { .int($0) } ?? .float(number)
    }
    return surgery
  }

  private func names(_ text: String?) -> [String]? { text?.split(separator: ",").map(String.init) }

  private func numbers(_ text: String) throws -> [Double] {
    let numbers = text.split(separator: ",").map { Double($0) }
    guard !numbers.isEmpty, numbers.allSatisfy({ ($0 ?? 0) > 0 }) else {
      throw wrong("not a list of positive numbers", text)
    }
    return numbers.compactMap { $0 }
  }

  private func wrong(_ message: String, _ value: String) -> ApusError {
    ApusError(.usage, Problem(.usage, message, value: value))
  }
}
