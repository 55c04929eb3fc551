import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Suppresses overlapping boxes of a class, a picture a block.
public struct RetinaNetNMSPictures: CUDATactic {
  public let name = "cuda.retinanet_nms"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [RetinaNetNMS.self] }

  public func supports(_ node: TacticNode) -> Support { detectionSupport(node, inputs: 3, outputs: 3) }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let op = node.op as? RetinaNetNMS else { throw node.missing("fields") }
    let input = try node.input(0)
    guard let element = KernelElement(input.dtype) else { throw node.refusal("element type") }
    let count = input.shape[1...].reduce(1, *)
    guard try node.input(1).elementCount == 4 * input.elementCount,
      try node.input(2).elementCount == input.elementCount
    else { throw node.refusal("scores, boxes and classes differ in number") }
    let scores = DetectionScores(
      element, pictures: input.shape[0], segments: [.init(count)], classes: 1, threshold: 0,
      target: min(count, 2048))
    let nms = op.kernel(scores, .candidates, element)
    if let reason = nms.refusal(context.properties) { throw node.refusal(reason) }
    var operands: [String: CUDAProgram.Operand] = [
      "scores": .input(0), "deltas0": .input(1), "deltas1": .input(2), "lists": .temporary(0),
      "outScores": .output(0), "outBoxes": .output(1), "outClasses": .output(2),
    ]
    if node.outputs.count > 3, node.outputs[3] != nil { operands["outCounts"] = .output(3) }
    return [
      .detection(
        "suppress", scores, ["scores0": .input(0)], then: [.init(spec: nms.spec(), operands: operands)])
    ]
  }
}

extension RetinaNetNMS {
  /// The suppression as the kernel sees it.
  func kernel(_ scores: DetectionScores, _ kind: DetectionNMSKernel.Kind, _ element: KernelElement)
    -> DetectionNMSKernel
  {
    var nms = DetectionNMSKernel(
      scores, kind: kind, element: element, overlap: threshold, most: maxDetections)
    nms.extra = legacyPlusOne ? 1 : 0
    return nms
  }
}
