public import ApusCore
import Glibc

/// Decodes, filters and suppresses boxes of a batch, as the plugin EfficientNMS_TRT.
///
/// Inputs: boxes `[n, boxes, 4]`, `[n, boxes, 1, 4]` or `[n, boxes, classes, 4]`, scores `[n, boxes, classes]`, optionally
/// anchors `[1 or n, boxes, 4]`: then boxes are offsets to them. Results: number of detections `[n, 1]` INT32, boxes
/// `[n, k, 4]` by their corners, scores `[n, k]`, classes `[n, k]` INT32; k = `max_output_boxes`, zero after the last.
/// Scores must exceed the threshold; an overlap of the threshold or more suppresses. Highest score first, equal ones by
/// box, then class. All candidates take part, however many there are.
public struct EfficientNMS: Plugin {
  public var scoreThreshold: Float = 0.25
  public var iouThreshold: Float = 0.5
  public var maxOutputBoxes = 100
  /// Most boxes of a class; -1: any number. A class that has its most is passed over.
  public var maxOutputBoxesPerClass = -1
  /// Class that is no object; -1: none.
  public var backgroundClass = -1
  /// Scores are logits; results are their sigmoids.
  public var scoreActivation = false
  public var classAgnostic = false
  /// Boxes (and anchors) are middle, width and height instead of corners.
  public var centerCoding = false
  /// Results are clamped to 0...1.
  public var clipBoxes = false

  public static var name: String { "EfficientNMS_TRT" }
  public static var importers: [Importer] { [] }

  public static let plugin = PluginDescription(
    "EfficientNMS_TRT", summary: "Filters and suppresses boxes of a batch, fused with decoding them",
    inputs: ["boxes", "scores", "anchors?"],
    outputs: ["num_detections", "detection_boxes", "detection_scores", "detection_classes"],
    fields: [
      PluginField("score_threshold", .float32, default: .float(0.25), "score that must be exceeded"),
      PluginField("iou_threshold", .float32, default: .float(0.5), "overlap that suppresses"),
      PluginField("max_output_boxes", .int32, default: .int(100), "boxes of a picture that are kept"),
      PluginField(
        "max_output_boxes_per_class", .int32, default: .int(-1), "boxes of a class that are kept; -1: any"),
      PluginField("background_class", .int32, default: .int(-1), "class that is no object; -1: none"),
      PluginField("score_activation", .int32, default: .int(0), "1: scores are logits"),
      PluginField("class_agnostic", .int32, default: .int(0), "1: boxes of other classes suppress too"),
      PluginField("box_coding", .int32, default: .int(0), "0: corners, 1: middle, width and height"),
      PluginField("clip_boxes", .int32, default: .int(0), "1: results are clamped to 0...1"),
    ], origin: "built in")

  public init() {}

  public init(fields: PluginFields) throws {
    scoreThreshold = fields.float("score_threshold")
    iouThreshold = fields.float("iou_threshold")
    maxOutputBoxes = fields.int("max_output_boxes")
    maxOutputBoxesPerClass = fields.int("max_output_boxes_per_class")
    backgroundClass = fields.int("background_class")
    scoreActivation = fields.flag("score_activation")
    classAgnostic = fields.flag("class_agnostic")
    clipBoxes = fields.flag("clip_boxes")
    guard [0, 1].contains(fields.int("box_coding")) else {
      throw OperatorError(
        .invalidAttribute, "unknown coding", attribute: "box_coding", value: "\(fields.int("box_coding"))",
        allowed: "0 (corners), 1 (middle, width and height)")
    }
    centerCoding = fields.flag("box_coding")
    try checkFields()
  }

  private func checkFields() throws { try checkRows(maxOutputBoxes, "max_output_boxes") }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    try checkFields()
    let boxes = try context.floating(0)
    for index in 1..<3 where context.isPresent(index) { try context.expect(boxes.dtype, at: index) }
    _ = try context.tensor(1)
    var batch = context.fresh("batch")
    if let scores = try context.shape(1, rank: 3...3), let shape = try context.shape(0, rank: 3...4) {
      batch = try unified(scores[0], shape[0], "batch sizes of boxes and scores")
      let count = try unified(scores[1], shape[1], "numbers of boxes and scores")
      try require(shape.last?.value ?? 4 == 4, "a box has \(shape.last?.description ?? "") numbers")
      if shape.count == 4, shape[2] != 1 {
        _ = try unified(scores[2], shape[2], "classes of boxes and scores")
      }
      if let anchors = context.isPresent(2) ? try context.shape(2, rank: 3...3) : nil {
        _ = try unified(count, anchors[1], "numbers of boxes and anchors")
      }
    }
    let most = Dim.constant(maxOutputBoxes)
    return [
      .tensor(.i32, [batch, 1]), .tensor(boxes.dtype, [batch, most, 4]), .tensor(boxes.dtype, [batch, most]),
      .tensor(.i32, [batch, most]),
    ]
  }

  /// Where boxes and anchors lie for given operand shapes.
  private struct Places {
    let count: Int
    let classes: Int
    /// Boxes of one place.
    let sharing: Int
    let anchorsShared: Bool

    init(boxes: [Int], scores: [Int], anchors: [Int]?) throws {
      guard scores.count == 3, boxes.count == 3 || boxes.count == 4, boxes.last == 4,
        boxes[0] == scores[0], boxes[1] == scores[1], boxes.count == 3 || [1, scores[2]].contains(boxes[2]),
        anchors.map({ $0.count == 3 && [1, scores[0]].contains($0[0]) && $0[1...] == [scores[1], 4] }) ?? true
      else { throw OperatorError(.shapeMismatch, "boxes \(boxes), scores \(scores) and anchors do not fit") }
      (count, classes) = (scores[1], scores[2])
      sharing = boxes.count == 3 ? 1 : boxes[2]
      anchorsShared = anchors?[0] == 1
    }
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    try checkFields()
    let (boxes, scores, anchors) = (try operands.tensor(0), try operands.tensor(1), operands.optional(2))
    let places = try Places(boxes: boxes.shape, scores: scores.shape, anchors: anchors?.shape)
    let (coordinates, values, middles) = (boxes.doubles(), scores.doubles(), anchors?.doubles())
    let nms = GreedySuppression(
      threshold: Double(iouThreshold), inclusive: true, anyCorners: true, acrossClasses: classAgnostic,
      mostOfClass: maxOutputBoxesPerClass < 0 ? .max : maxOutputBoxesPerClass)
    var (kept, counts): ([Double], [Int64]) = ([], [])
    var (points, labels): ([Double], [Int64]) = ([], [])
    for batch in 0..<scores.shape[0] {
      var candidates: [ScoredBox] = []
      for position in 0..<places.count * places.classes {
        let label = position % places.classes
        let score = values[batch * places.count * places.classes + position]
        guard label != backgroundClass, activated(score) > Double(scoreThreshold) else { continue }
        let place = batch * places.count + position / places.classes
        let start = (place * places.sharing + (places.sharing == 1 ? 0 : label)) * 4
        let anchor = (places.anchorsShared ? position / places.classes : place) * 4
        let box = decode(
          Array(coordinates[start..<start + 4]), middles.map { Array($0[anchor..<anchor + 4]) })
        candidates.append(ScoredBox(score: score, index: position, label: label, box: box))
      }
      let best = nms.keep(candidates.sorted(by: ScoredBox.inOrder), most: maxOutputBoxes)
      let rest = maxOutputBoxes - best.count
      counts.append(Int64(best.count))
      points += best.flatMap { (clipBoxes ? $0.box.clampedToUnit : $0.box).coordinates }
      points += [Double](repeating: 0, count: 4 * rest)
      kept += best.map { activated($0.score) } + [Double](repeating: 0, count: rest)
      labels += best.map { Int64($0.label) } + [Int64](repeating: 0, count: rest)
    }
    let (batches, most) = (scores.shape[0], maxOutputBoxes)
    return [
      .tensor(Tensor(integers: counts, .i32, [batches, 1])),
      .tensor(Tensor(doubles: points, boxes.dtype, [batches, most, 4])),
      .tensor(Tensor(doubles: kept, boxes.dtype, [batches, most])),
      .tensor(Tensor(integers: labels, .i32, [batches, most])),
    ]
  }

  private func activated(_ score: Double) -> Double { scoreActivation ? 1 / (1 + exp(-score)) : score }

  private func decode(_ box: [Double], _ anchor: [Double]?) -> Box {
    var box = box
    if let anchor {
      if centerCoding {
        box = [
          box[0] * anchor[2] + anchor[0], box[1] * anchor[3] + anchor[1], exp(box[2]) * anchor[2],
          exp(box[3]) * anchor[3],
        ]
      } else {
        box = zip(Box(box, at: 0).ordered.coordinates, Box(anchor, at: 0).ordered.coordinates).map(+)
      }
    }
    return centerCoding
      ? Box(x: box[0], y: box[1], width: box[2], height: box[3]) : Box(box, at: 0)
  }
}

extension Box {
  /// Clamped to the unit square.
  var clampedToUnit: Box { clamped(width: 1, height: 1) }
}
