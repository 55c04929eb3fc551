import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Suppresses boxes class by class and keeps the best of a picture, a picture a block.
///
/// One pass in the order of scores gives what passes over the classes would: a box is only held against those of its class,
/// and the best of a picture are the first that are kept.
public struct BatchedNMSPictures: CUDATactic {
  public let name = "cuda.batched_nms"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [BatchedNMS.self] }

  public func supports(_ node: TacticNode) -> Support { detectionSupport(node, inputs: 2, outputs: 4) }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let op = node.op as? BatchedNMS else { throw node.missing("fields") }
    let (boxes, input) = (try node.input(0), try node.input(1))
    guard let element = KernelElement(input.dtype) else { throw node.refusal("element type") }
    let (count, classes) = (input.shape[1], input.shape[2])
    let perPlace = op.shareLocation ? 1 : classes
    guard boxes.shape == [input.shape[0], count, perPlace, 4] else {
      throw node.refusal("boxes and scores do not fit")
    }
    let scores = DetectionScores(
      element, pictures: input.shape[0], segments: [.init(count * classes, inner: classes)], classes: classes,
      threshold: op.scoreThreshold, target: min(count * classes, 2048),
      background: op.backgroundLabel >= 0 ? op.backgroundLabel : nil)
    var nms = DetectionNMSKernel(
      scores, kind: .places(perPlace: perPlace, isCentred: false, anchors: .none), element: element,
      overlap: op.iouThreshold, most: op.keepTopK)
    nms.extra = op.isNormalized ? 0 : 1
    nms.takesAnyCorners = true
    nms.candidatesOfClass = op.topK < count ? op.topK : nil
    nms.clampsResults = op.isNormalized && op.clipBoxes
    nms.noClass = -1
    if let reason = nms.refusal(context.properties) { throw node.refusal(reason) }
    let operands: [String: CUDAProgram.Operand] = [
      "scores": .input(1), "deltas0": .input(0), "lists": .temporary(0), "outCounts": .output(0),
      "outBoxes": .output(1), "outScores": .output(2), "outClasses": .output(3),
    ]
    return [
      .detection(
        "suppress", scores, ["scores0": .input(1)], then: [.init(spec: nms.spec(), operands: operands)])
    ]
  }
}
