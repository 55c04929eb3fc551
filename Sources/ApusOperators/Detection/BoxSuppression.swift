public import ApusCore

/// Suppresses boxes as torchvision's `nms` and `batched_nms`.
///
/// Inputs: boxes `[n, 4]` by corners, scores `[n]`, for `batched_nms` also classes `[n]`: boxes of different classes do not
/// suppress each other. Result: indices of the kept boxes, highest score first, equal ones by index.
public struct BoxSuppression: PluginOperator {
  public var iouThreshold: Float = 0.5
  public var byClass = false

  public static var importers: [Importer] { [] }

  static let creators = [false, true].map { byClass in
    PluginCreator(
      PluginDescription(
        byClass ? "batched_nms" : "nms", namespace: "torchvision",
        summary: "Suppresses boxes" + (byClass ? " of a class" : ""),
        inputs: ["boxes", "scores"] + (byClass ? ["classes"] : []), outputs: ["indices"],
        fields: [
          PluginField("iou_threshold", .float32, default: .float(0.5), "overlap that must not be exceeded")
        ], origin: "built in"), operatorType: BoxSuppression.self
    ) { BoxSuppression(iouThreshold: $0.float("iou_threshold"), byClass: byClass) }
  }

  public init() {}

  public init(iouThreshold: Float, byClass: Bool) {
    self.iouThreshold = iouThreshold
    self.byClass = byClass
  }

  public var pluginIdentity: PluginIdentity {
    PluginIdentity(byClass ? "batched_nms" : "nms", namespace: "torchvision")
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    _ = try context.floating(0)
    _ = try context.floating(1)
    if byClass { _ = try context.tensor(2) }
    let (boxes, scores) = (try context.shape(0, rank: 2...2), try context.shape(1, rank: 1...1))
    if let boxes, let scores { _ = try unified(boxes[0], scores[0], "numbers of boxes and scores") }
    return [.tensor(.i64, [context.fresh("kept", atMost: boxes?[0] ?? scores?[0])])]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (boxes, scores) = (try operands.tensor(0, rank: 2...2), try operands.tensor(1, rank: 1...1))
    let count = scores.elementCount
    let classes = byClass ? try operands.tensor(2) : nil
    guard boxes.shape == [count, 4], classes?.elementCount ?? count == count else {
      throw OperatorError(.shapeMismatch, "boxes \(boxes.shape) do not fit scores \(scores.shape)")
    }
    let (corners, values, labels) = (boxes.doubles(), scores.doubles(), classes?.doubles())
    var ofLabel: [Double: Int] = [:]
    let candidates = (0..<count).map { index in
      let label = labels.map { ofLabel[$0[index], default: ofLabel.count] } ?? 0
      if let labels { ofLabel[labels[index]] = label }
      // NaN sorts behind all numbers.
      let score = values[index].isNaN ? -.infinity : values[index]
      return ScoredBox(score: score, index: index, label: label, box: Box(corners, at: 4 * index))
    }
    let kept = GreedySuppression(threshold: Double(iouThreshold)).keep(
      candidates.sorted(by: ScoredBox.inOrder), most: .max)
    return [.tensor(Tensor(integers: kept.map { Int64($0.index) }, .i64, [kept.count]))]
  }
}
