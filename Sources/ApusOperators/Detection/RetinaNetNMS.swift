public import ApusCore

/// Suppresses overlapping boxes of a class, as the plugin of that name.
///
/// Inputs: scores `[n, m, 1, 1]`, boxes `[n, 4m, 1, 1]`, classes `[n, m, 1, 1]`; candidates without a positive score are
/// padding. Results: scores `[n, k, 1, 1]`, boxes `[n, 4k, 1, 1]`, classes `[n, k, 1, 1]`, highest score first, equal ones by
/// position, zero after the last; and, where it is asked for, how many there are `[n]`.
public struct RetinaNetNMS: Plugin {
  public var threshold: Float = 0.5
  public var maxDetections = 100
  /// Corners are centres of pixels: sizes are differences plus 1.
  public var legacyPlusOne = true

  public static var importers: [Importer] { [] }

  public static let plugin = PluginDescription(
    "RetinaNetNMS", summary: "Suppresses overlapping boxes of a class",
    inputs: ["scores", "boxes", "classes"], outputs: ["scores", "boxes", "classes", "num_detections?"],
    fields: [
      PluginField("nms_thresh", .float32, default: .float(0.5), "overlap that must not be exceeded"),
      PluginField("max_detections_per_image", .int32, default: .int(100), "boxes of a picture that are kept"),
      PluginField("legacy_plus_one", .int32, default: .int(1), "whether sizes are differences plus 1"),
    ], origin: "built in")

  public init() {}

  public init(fields: PluginFields) throws {
    threshold = fields.float("nms_thresh")
    maxDetections = fields.int("max_detections_per_image")
    legacyPlusOne = fields.flag("legacy_plus_one")
    try checkFields()
  }

  private func checkFields() throws { try checkRows(maxDetections, "max_detections_per_image") }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    try checkFields()
    let scores = try context.floating(0)
    for index in 1..<3 { try context.expect(scores.dtype, at: index) }
    var batch: Dim?
    for index in 0..<3 {
      guard let shape = try context.shape(index, rank: 2...Int.max) else { continue }
      batch =
        try batch.map { try unified($0, shape[0], "batch sizes of scores, boxes and classes") } ?? shape[0]
    }
    let size = batch ?? context.fresh("batch")
    let results = [maxDetections, 4 * maxDetections, maxDetections].map {
      ValueType.tensor(scores.dtype, [size, .constant($0), 1, 1])
    }
    return Array((results + [.tensor(.i32, [size])]).prefix(max(context.outputCount, 3)))
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    try checkFields()
    let (scores, boxes, classes) = (try operands.tensor(0), try operands.tensor(1), try operands.tensor(2))
    guard scores.rank >= 2, boxes.rank >= 2, boxes.shape[0] == scores.shape[0],
      classes.elementCount == scores.elementCount, boxes.elementCount == 4 * scores.elementCount
    else {
      throw OperatorError(
        .shapeMismatch, "scores \(scores.shape), boxes \(boxes.shape) and classes \(classes.shape) do not fit"
      )
    }
    let (values, corners, labels) = (scores.doubles(), boxes.doubles(), classes.doubles())
    let count = scores.shape[1...].reduce(1, *)
    let nms = GreedySuppression(threshold: Double(threshold), extra: legacyPlusOne ? 1 : 0)
    var results: [[Double]] = [[], [], []]
    var counts: [Int64] = []
    for batch in 0..<scores.shape[0] {
      let candidates = (batch * count..<(batch + 1) * count).filter { values[$0] > 0 }.map {
        ScoredBox(
          score: values[$0], index: $0, label: Int(Float(labels[$0]).bitPattern),
          box: Box(corners, at: 4 * $0))
      }
      let kept = nms.keep(candidates.sorted(by: ScoredBox.inOrder), most: maxDetections)
      let rest = [Double](repeating: 0, count: maxDetections - kept.count)
      results[0] += kept.map(\.score) + rest
      results[1] += kept.flatMap(\.box.coordinates) + rest + rest + rest + rest
      results[2] += kept.map { labels[$0.index] } + rest
      counts.append(Int64(kept.count))
    }
    let tensors = results.enumerated().map { output, numbers in
      Tensor(doubles: numbers, scores.dtype, [scores.shape[0], maxDetections * (output == 1 ? 4 : 1), 1, 1])
    }
    let number = Tensor(integers: counts, .i32, [scores.shape[0]])
    return (tensors + [number]).prefix(max(operands.outputCount, 3)).map { .tensor($0) }
  }
}
