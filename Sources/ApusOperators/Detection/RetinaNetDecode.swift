public import ApusCore

/// Chooses the best places of one pyramid level and decodes their boxes, as the plugin of that name.
///
/// Inputs: scores `[n, anchors·classes, h, w]`, box deltas `[n, anchors·4, h, w]`. Results: scores `[n, k, 1, 1]`, boxes
/// `[n, 4k, 1, 1]` (x1, y1, x2, y2), classes `[n, k, 1, 1]` as floats; k = `topk_candidates`. Scores must exceed the
/// threshold; they come highest first, equal ones by their position in the input. Rows without a candidate are zero.
/// Lin et al., "Focal loss for dense object detection", 2017.
public struct RetinaNetDecode: Plugin {
  public var topkCandidates = 1000
  public var scoreThreshold: Float = 0.05
  /// Pixels of the picture from one place to the next: y, x.
  public var stride = [1, 1]
  /// Corners around the origin, four numbers an anchor.
  public var anchors: [Float] = [0, 0, 0, 0]
  /// Height and width of the picture that boxes are clamped to; 0, 0: the extent of the places, less 1.
  public var imageSize = [0, 0]
  /// Corners are centres of pixels: sizes are differences plus 1.
  public var legacyPlusOne = true
  /// Upper bound of the logarithms of size ratios; 0: none.
  public var deltaClip: Float = 0

  public static var importers: [Importer] { [] }

  public static let plugin = PluginDescription(
    "RetinaNetDecode",
    summary: "Chooses the best places of one level of a RetinaNet and decodes their boxes",
    inputs: ["scores", "deltas"], outputs: ["scores", "boxes", "classes"],
    fields: [
      PluginField("topk_candidates", .int32, default: .int(1000), "candidates of a picture that are kept"),
      PluginField("score_thresh", .float32, default: .float(0.05), "score that must be exceeded"),
      PluginField("stride", .int32, count: 1...2, "pixels between places: one number, or y and x"),
      PluginField(
        "num_anchors", .int32, default: .int(0), "anchors, or numbers in `anchors`; 0: as there are"),
      PluginField("anchors", .float32, count: 4...4096, "x1, y1, x2, y2 of each anchor around its place"),
      PluginField(
        "image_size", .int32, count: 2...2, default: .list([.int(0), .int(0)]),
        "height and width that boxes are clamped to; 0, 0: places times stride, less 1"),
      PluginField("legacy_plus_one", .int32, default: .int(1), "whether sizes are differences plus 1"),
      PluginField("delta_clip", .float32, default: .float(0), "upper bound of size deltas; 0: none"),
    ], origin: "built in")

  public init() {}

  public init(fields: PluginFields) throws {
    topkCandidates = fields.int("topk_candidates")
    scoreThreshold = fields.float("score_thresh")
    let steps = fields.ints("stride")
    stride = steps.count == 1 ? [steps[0], steps[0]] : steps
    anchors = fields.floats("anchors")
    imageSize = fields.ints("image_size")
    legacyPlusOne = fields.flag("legacy_plus_one")
    deltaClip = fields.float("delta_clip")
    try checkFields()
    let count = fields.int("num_anchors")
    guard count == 0 || count == anchorCount || count == anchors.count else {
      throw OperatorError(
        .invalidAttribute, "num_anchors does not fit the anchors", attribute: "num_anchors",
        value: "\(count)",
        allowed: "\(anchorCount), or \(anchors.count) numbers")
    }
  }

  public var anchorCount: Int { anchors.count / 4 }

  private func checkFields() throws {
    func check(_ isRight: Bool, _ field: String, _ value: String, _ allowed: String) throws {
      guard !isRight else { return }
      throw OperatorError(
        .invalidAttribute, "field '\(field)' has a value that it cannot take", attribute: field, value: value,
        allowed: allowed)
    }
    try checkRows(topkCandidates, "topk_candidates")
    try check(stride.count == 2 && stride.allSatisfy { $0 > 0 }, "stride", "\(stride)", "1 and more")
    try check(
      !anchors.isEmpty && anchors.count % 4 == 0, "anchors", "\(anchors.count) numbers", "4 numbers an anchor"
    )
    try check(
      imageSize.count == 2 && imageSize.allSatisfy { $0 >= 0 }, "image_size", "\(imageSize)",
      "height and width")
    try check(deltaClip >= 0, "delta_clip", "\(deltaClip)", "0 and more")
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    try checkFields()
    let (scores, deltas) = (try context.floating(0), try context.floating(1))
    guard scores.dtype == deltas.dtype else {
      throw OperatorError(.typeMismatch, "scores are \(scores.dtype), deltas \(deltas.dtype)")
    }
    var batch = context.fresh("batch")
    if let (a, b) = try zipped(context.shape(0, rank: 4...4), context.shape(1, rank: 4...4)) {
      batch = try unified(a[0], b[0], "batch sizes of scores and deltas")
      for axis in 2..<4 { _ = try unified(a[axis], b[axis], "places of scores and deltas") }
      if let channels = a[1].value { try checkChannels(scores: channels) }
      if let channels = b[1].value { try checkChannels(deltas: channels) }
    }
    let count = topkCandidates
    return [count, 4 * count, count].map { .tensor(scores.dtype, [batch, .constant($0), 1, 1]) }
  }

  private func zipped(_ a: Shape?, _ b: Shape?) -> (Shape, Shape)? {
    if let a, let b { return (a, b) }
    return nil
  }

  private func checkChannels(scores: Int) throws {
    try require(
      scores > 0 && scores % anchorCount == 0,
      "\(scores) channels of scores do not divide into \(anchorCount) anchors")
  }

  private func checkChannels(deltas: Int) throws {
    try require(
      deltas == 4 * anchorCount, "\(deltas) channels of deltas are not 4 of each of \(anchorCount) anchors")
  }

  /// Largest x and y of a box.
  public func limits(height: Int, width: Int) -> (x: Double, y: Double) {
    if imageSize == [0, 0] {
      return (Double(saturating(width, stride[1]) - 1), Double(saturating(height, stride[0]) - 1))
    }
    let extra = legacyPlusOne ? 1.0 : 0
    return (Double(imageSize[1]) - extra, Double(imageSize[0]) - extra)
  }

  private func saturating(_ a: Int, _ b: Int) -> Int {
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? .max : product
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    try checkFields()
    let (scores, deltas) = (try operands.tensor(0), try operands.tensor(1))
    guard scores.rank == 4, deltas.rank == 4, scores.shape[0] == deltas.shape[0],
      scores.shape[2...] == deltas.shape[2...]
    else { throw OperatorError(.shapeMismatch, "scores \(scores.shape) do not fit deltas \(deltas.shape)") }
    try checkChannels(scores: scores.shape[1])
    try checkChannels(deltas: deltas.shape[1])
    let (values, moves) = (scores.doubles(), deltas.doubles())
    let (height, width) = (scores.shape[2], scores.shape[3])
    let (plane, classes) = (height * width, scores.shape[1] / anchorCount)
    var results: [[Double]] = [[], [], []]
    for batch in 0..<scores.shape[0] {
      let start = batch * scores.shape[1] * plane
      let chosen = (0..<scores.shape[1] * plane).filter { values[start + $0] > Double(scoreThreshold) }
        .sorted { (values[start + $0], $1) > (values[start + $1], $0) }.prefix(topkCandidates)
      for position in chosen {
        let (place, channel) = (position % plane, position / plane)
        let anchor = channel / classes
        let box = decode(
          anchor, x: place % width, y: place / width,
          (0..<4).map { moves[((batch * anchorCount + anchor) * 4 + $0) * plane + place] })
        let (right, bottom) = limits(height: height, width: width)
        results[0].append(values[start + position])
        results[1] += box.clamped(width: right, height: bottom).coordinates
        results[2].append(Double(channel % classes))
      }
      let rest = [Double](repeating: 0, count: topkCandidates - chosen.count)
      results[0] += rest
      results[1] += rest + rest + rest + rest
      results[2] += rest
    }
    return results.enumerated().map { output, numbers in
      .tensor(
        Tensor(
          doubles: numbers, scores.dtype, [scores.shape[0], topkCandidates * (output == 1 ? 4 : 1), 1, 1]))
    }
  }

  private func decode(_ anchor: Int, x: Int, y: Int, _ deltas: [Double]) -> Box {
    var corners = anchors[anchor * 4..<anchor * 4 + 4].map { Double($0) }
    for axis in 0..<4 { corners[axis] += axis % 2 == 0 ? Double(x * stride[1]) : Double(y * stride[0]) }
    return .decoded(
      Box(corners, at: 0), deltas, extra: legacyPlusOne ? 1 : 0,
      clip: deltaClip > 0 ? Double(deltaClip) : .infinity)
  }
}
