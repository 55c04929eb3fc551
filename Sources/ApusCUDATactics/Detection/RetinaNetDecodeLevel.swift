import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Chooses and decodes the best places of one pyramid level of a RetinaNet.
public struct RetinaNetDecodeLevel: CUDATactic {
  public let name = "cuda.retinanet_decode"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [RetinaNetDecode.self] }

  public func supports(_ node: TacticNode) -> Support { detectionSupport(node, inputs: 2, outputs: 3) }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let op = node.op as? RetinaNetDecode else { throw node.missing("fields") }
    let input = try node.input(0)
    guard let element = KernelElement(input.dtype) else { throw node.refusal("element type") }
    let scores = DetectionScores(
      element, pictures: input.shape[0], segments: [.init(input.shape[1...].reduce(1, *))],
      classes: input.shape[1] / op.anchorCount, threshold: op.scoreThreshold, target: op.topkCandidates)
    let levels = RetinaNetLevels(element, [op.level(height: input.shape[2], width: input.shape[3])])
    let select = DetectionSelectKernel(scores, levels, decodes: true)
    if let reason = select.refusal { throw node.refusal(reason) }
    let operands: [String: CUDAProgram.Operand] = [
      "scores0": .input(0), "deltas": .input(1), "anchors": .packed(0), "lists": .temporary(0),
      "outScores": .output(0), "outBoxes": .output(1), "outClasses": .output(2),
    ]
    return [
      .detection(
        "choose and decode", scores, ["scores0": .input(0)],
        then: [.init(spec: select.spec(), operands: operands)],
        packed: [Tensor(op.anchors, shape: [op.anchors.count])])
    ]
  }
}

extension RetinaNetDecode {
  /// The level as kernels see it.
  func level(height: Int, width: Int) -> RetinaNetLevels.Level {
    let limits = limits(height: height, width: width)
    return RetinaNetLevels.Level(
      anchors: anchorCount, height: height, width: width, stride: stride,
      limits: [Float(limits.x), Float(limits.y)], extra: legacyPlusOne ? 1 : 0,
      clip: deltaClip > 0 ? deltaClip : .greatestFiniteMagnitude)
  }
}
