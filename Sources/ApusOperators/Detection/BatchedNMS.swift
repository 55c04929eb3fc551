public import ApusCore

/// Suppresses boxes class by class, then keeps the best of a picture, as the plugin BatchedNMS_TRT.
///
/// Inputs: boxes `[n, boxes, 1 or classes, 4]`, scores `[n, boxes, classes]`. Results: number of detections `[n, 1]` INT32,
/// boxes `[n, k, 4]`, scores `[n, k]`, classes `[n, k]` as floats; k = `keepTopK`. After the last one boxes and scores are
/// 0 and classes -1. Of each class at most `topK` candidates take part; equal scores go by class, then box.
public struct BatchedNMS: Plugin {
  public var shareLocation = true
  public var backgroundLabel = -1
  /// 0: not checked.
  public var classCount = 0
  public var topK = 4096
  public var keepTopK = 100
  public var scoreThreshold: Float = 0
  public var iouThreshold: Float = 0.5
  /// Boxes lie in 0...1; otherwise corners are centres of pixels.
  public var isNormalized = true
  /// Normalized results are clamped to 0...1.
  public var clipBoxes = true

  public static var name: String { "BatchedNMS_TRT" }
  public static var importers: [Importer] { [] }

  public static let plugin = description("BatchedNMS_TRT")
  /// The name that TensorRT gives the same plugin for batches of any size.
  static let dynamicPlugin = description("BatchedNMSDynamic_TRT")

  private static func description(_ name: String) -> PluginDescription {
    PluginDescription(
      name, summary: "Suppresses boxes class by class and keeps the best of a picture",
      inputs: ["boxes", "scores"],
      outputs: ["num_detections", "nmsed_boxes", "nmsed_scores", "nmsed_classes"],
      fields: [
        PluginField("shareLocation", .int32, default: .int(1), "1: all classes share a box"),
        PluginField("backgroundLabelId", .int32, default: .int(-1), "class that is no object; -1: none"),
        PluginField("numClasses", .int32, default: .int(0), "classes of the scores; 0: not checked"),
        PluginField("topK", .int32, default: .int(4096), "candidates of a class"),
        PluginField("keepTopK", .int32, default: .int(100), "boxes of a picture that are kept"),
        PluginField("scoreThreshold", .float32, default: .float(0), "score that must be exceeded"),
        PluginField("iouThreshold", .float32, default: .float(0.5), "overlap that must not be exceeded"),
        PluginField("isNormalized", .int32, default: .int(1), "0: sizes are differences plus 1"),
        PluginField("clipBoxes", .int32, default: .int(1), "1: normalized results are clamped to 0...1"),
        PluginField("scoreBits", .int32, default: .int(16), "accepted; sorting is always exact"),
        PluginField("caffeSemantics", .int32, default: .int(1), "accepted; no effect"),
      ], origin: "built in")
  }

  public init() {}

  public init(fields: PluginFields) throws {
    shareLocation = fields.flag("shareLocation")
    backgroundLabel = fields.int("backgroundLabelId")
    classCount = fields.int("numClasses")
    topK = fields.int("topK")
    keepTopK = fields.int("keepTopK")
    scoreThreshold = fields.float("scoreThreshold")
    iouThreshold = fields.float("iouThreshold")
    isNormalized = fields.flag("isNormalized")
    clipBoxes = fields.flag("clipBoxes")
    try checkFields()
  }

  private func checkFields() throws {
    try checkRows(keepTopK, "keepTopK")
    try require(topK > 0, attribute: "topK", value: topK, allowed: "1 and more")
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    try checkFields()
    let boxes = try context.floating(0)
    _ = try context.tensor(1)
    try context.expect(boxes.dtype, at: 1)
    var batch = context.fresh("batch")
    if let shape = try context.shape(0, rank: 4...4), let scores = try context.shape(1, rank: 3...3) {
      batch = try unified(shape[0], scores[0], "batch sizes of boxes and scores")
      _ = try unified(shape[1], scores[1], "numbers of boxes and scores")
      _ = try unified(shape[2], shareLocation ? 1 : scores[2], "boxes of a place, by shareLocation")
      _ = try unified(shape[3], 4, "numbers of a box")
      if classCount > 0 { _ = try unified(scores[2], .constant(classCount), "classes, by numClasses") }
    }
    let most = Dim.constant(keepTopK)
    return [
      .tensor(.i32, [batch, 1]), .tensor(boxes.dtype, [batch, most, 4]), .tensor(boxes.dtype, [batch, most]),
      .tensor(boxes.dtype, [batch, most]),
    ]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    try checkFields()
    let (boxes, scores) = (try operands.tensor(0, rank: 4...4), try operands.tensor(1, rank: 3...3))
    let (batches, count, classes) = (scores.shape[0], scores.shape[1], scores.shape[2])
    let sharing = shareLocation ? 1 : classes
    guard boxes.shape == [batches, count, sharing, 4] else {
      throw OperatorError(.shapeMismatch, "boxes \(boxes.shape) do not fit scores \(scores.shape)")
    }
    let (corners, values) = (boxes.doubles(), scores.doubles())
    let nms = GreedySuppression(
      threshold: Double(iouThreshold), extra: isNormalized ? 0 : 1, anyCorners: true)
    var (points, best, labels): ([Double], [Double], [Double]) = ([], [], [])
    var counts: [Int64] = []
    for batch in 0..<batches {
      var survivors: [ScoredBox] = []
      for label in 0..<classes where label != backgroundLabel {
        let candidates = (0..<count).compactMap { place -> ScoredBox? in
          let score = values[(batch * count + place) * classes + label]
          guard score > Double(scoreThreshold) else { return nil }
          let start = ((batch * count + place) * sharing + (shareLocation ? 0 : label)) * 4
          return ScoredBox(
            score: score, index: label * count + place, label: label, box: Box(corners, at: start))
        }
        survivors += nms.keep(Array(candidates.sorted(by: ScoredBox.inOrder).prefix(topK)), most: .max)
      }
      let kept = survivors.sorted(by: ScoredBox.inOrder).prefix(keepTopK)
      let rest = keepTopK - kept.count
      counts.append(Int64(kept.count))
      let clamps = isNormalized && clipBoxes
      points += kept.flatMap { (clamps ? $0.box.clampedToUnit : $0.box).coordinates }
      points += [Double](repeating: 0, count: 4 * rest)
      best += kept.map(\.score) + [Double](repeating: 0, count: rest)
      labels += kept.map { Double($0.label) } + [Double](repeating: -1, count: rest)
    }
    return [
      .tensor(Tensor(integers: counts, .i32, [batches, 1])),
      .tensor(Tensor(doubles: points, boxes.dtype, [batches, keepTopK, 4])),
      .tensor(Tensor(doubles: best, boxes.dtype, [batches, keepTopK])),
      .tensor(Tensor(doubles: labels, boxes.dtype, [batches, keepTopK])),
    ]
  }
}
