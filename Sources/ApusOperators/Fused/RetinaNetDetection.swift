public import ApusCore

/// `RetinaNetDecode` of several pyramid levels, and `RetinaNetNMS` of all their candidates.
///
/// Inputs: scores `[n, anchors·classes, h, w]` (logits, where `areLogits`) and deltas `[n, anchors·4, h, w]` of each level.
/// Results: those of `RetinaNetNMS`, in `dtype`.
public struct RetinaNetDetection: Operator {
  public var levels: [RetinaNetDecode] = []
  public var nms = RetinaNetNMS()
  /// Whether the sigmoid of scores is taken first.
  public var areLogits = false
  public var dtype = DType.f32

  public init() {}

  public init(levels: [RetinaNetDecode], nms: RetinaNetNMS, areLogits: Bool, dtype: DType) {
    self.levels = levels
    self.nms = nms
    self.areLogits = areLogits
    self.dtype = dtype
  }

  private func checkLevels(_ inputs: Int) throws {
    guard !levels.isEmpty, inputs == 2 * levels.count else {
      throw OperatorError(
        .shapeMismatch, "\(levels.count) levels take \(2 * levels.count) inputs, not \(inputs)")
    }
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    try checkLevels(context.inputs.count)
    var batch: Dim?
    for (number, level) in levels.enumerated() {
      let types = try (0..<2).map { try context.floating(2 * number + $0) }
      let result = try level.infer(
        InferenceContext(inputs: types.map { .tensor(dtype, $0.shape) }, outputCount: 3))
      guard types[0].shape != nil, let size = result.first?.tensor?.shape?.first else { continue }
      batch = try batch.map { try unified($0, size, "batch sizes of levels") } ?? size
    }
    let size = batch ?? context.fresh("batch")
    let most = nms.maxDetections
    let results = [most, 4 * most, most].map { ValueType.tensor(dtype, [size, .constant($0), 1, 1]) }
    return Array((results + [.tensor(.i32, [size])]).prefix(max(context.outputCount, 3)))
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    try checkLevels(operands.count)
    var candidates: [[Tensor?]] = [[], [], []]
    for (number, level) in levels.enumerated() {
      let tensors = try (0..<2).map { index in
        let tensor = try operands.tensor(2 * number + index)
        var values = tensor.doubles()
        if index == 0, areLogits { values = values.map { Activation(.sigmoid).apply($0) } }
        return Optional(Tensor(doubles: values, dtype, tensor.shape))
      }
      for (index, value) in try level.evaluate(Operands(tensors, outputCount: 3)).enumerated() {
        candidates[index].append(value.tensor)
      }
    }
    let joined = try candidates.map { try Concat(axis: 1).evaluate(Operands($0)).first?.tensor }
    return try nms.evaluate(Operands(joined, outputCount: operands.outputCount))
  }
}
