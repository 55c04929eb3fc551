import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Decodes all levels of a RetinaNet and suppresses among their candidates: boxes are decoded only of those that are
/// looked at.
public struct RetinaNetDetectionPictures: CUDATactic {
  public let name = "cuda.retinanet_detection"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [RetinaNetDetection.self] }

  public func supports(_ node: TacticNode) -> Support {
    guard node.inputs.count <= 2 * DetectionScores.mostSegments else { return .no("too many levels") }
    for index in node.inputs.indices {
      guard let dtype = node.input(index)?.dtype, KernelElement(dtype) != nil else {
        return .no("element type")
      }
      guard dtype == node.input(index % 2)?.dtype else { return .no("levels differ in type") }
    }
    guard node.outputs.count >= 3, node.outputs.prefix(3).allSatisfy({ $0 != nil }) else {
      return .no("an output is left out")
    }
    return .yes(
      [Layout.channelsLast, .rowMajor].map { layout in
        LayoutSignature(
          inputs: node.inputs.map { _ in layout }, outputs: node.outputs.map { _ in .rowMajor })
      })
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let op = node.op as? RetinaNetDetection, op.levels.count * 2 == node.inputs.count else {
      throw node.missing("levels")
    }
    let inputs = try node.inputs.indices.map { try node.input($0) }
    guard let score = KernelElement(inputs[0].dtype), let delta = KernelElement(inputs[1].dtype),
      let element = KernelElement(op.dtype)
    else { throw node.refusal("element type") }
    let isChannelsLast = inputs[0].layout == .channelsLast
    let maps = op.levels.indices.map { inputs[2 * $0] }
    let classes = Set(zip(maps, op.levels).map { $0.shape[1] / $1.anchorCount })
    let rules = Set(op.levels.map { [Float($0.topkCandidates), $0.scoreThreshold] })
    guard classes.count == 1, let rule = rules.first, rules.count == 1 else {
      throw node.refusal("levels differ in classes, threshold or candidates")
    }
    let scores = DetectionScores(
      score, pictures: maps[0].shape[0],
      segments: maps.map { .init($0.shape[1...].reduce(1, *), inner: isChannelsLast ? $0.shape[1] : nil) },
      classes: classes.first ?? 1, threshold: rule[1], target: op.levels[0].topkCandidates,
      isLogit: op.areLogits)
    let levels = RetinaNetLevels(
      delta, zip(op.levels, maps).map { $0.level(height: $1.shape[2], width: $1.shape[3]) },
      isChannelsLast: isChannelsLast)
    return [try program(node, scores, levels, op, element)]
  }

  private func program(
    _ node: ConcreteNode, _ scores: DetectionScores, _ levels: RetinaNetLevels, _ op: RetinaNetDetection,
    _ element: KernelElement
  ) throws -> CUDAProgram {
    let select = DetectionSelectKernel(scores, levels, decodes: false)
    let nms = op.nms.kernel(scores, .levels(levels), element)
    if let reason = select.refusal ?? nms.refusal(context.properties) { throw node.refusal(reason) }
    var maps: [String: CUDAProgram.Operand] = ["lists": .temporary(0)]
    var boxes: [String: CUDAProgram.Operand] = [
      "lists": .temporary(0), "anchors": .packed(0), "outScores": .output(0), "outBoxes": .output(1),
      "outClasses": .output(2),
    ]
    for level in op.levels.indices {
      maps["scores\(level)"] = .input(2 * level)
      boxes["deltas\(level)"] = .input(2 * level + 1)
    }
    if node.outputs.count > 3, node.outputs[3] != nil { boxes["outCounts"] = .output(3) }
    let anchors = op.levels.flatMap(\.anchors)
    return .detection(
      "levels in one", scores, maps,
      then: [.init(spec: select.spec(), operands: maps), .init(spec: nms.spec(), operands: boxes)],
      packed: [Tensor(anchors, shape: [anchors.count])])
  }
}
