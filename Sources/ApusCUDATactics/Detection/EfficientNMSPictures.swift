import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Decodes, filters and suppresses boxes of a batch, a picture a block.
public struct EfficientNMSPictures: CUDATactic {
  public let name = "cuda.efficient_nms"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [EfficientNMS.self] }

  public func supports(_ node: TacticNode) -> Support { detectionSupport(node, inputs: 2, outputs: 4) }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let op = node.op as? EfficientNMS else { throw node.missing("fields") }
    let (boxes, input) = (try node.input(0), try node.input(1))
    guard let element = KernelElement(input.dtype) else { throw node.refusal("element type") }
    let anchors = node.isPresent(2) ? try node.input(2) : nil
    let (count, classes) = (input.shape[1], input.shape[2])
    let perPlace = boxes.shape.count == 4 ? boxes.shape[2] : 1
    guard boxes.shape[0] == input.shape[0], boxes.shape[1] == count, [1, classes].contains(perPlace),
      anchors.map({ [1, input.shape[0]].contains($0.shape[0]) && $0.shape[1] == count }) ?? true
    else { throw node.refusal("boxes, scores and anchors do not fit") }
    let scores = DetectionScores(
      element, pictures: input.shape[0], segments: [.init(count * classes)], classes: classes,
      threshold: op.scoreThreshold, target: min(count * classes, 2048),
      background: op.backgroundClass >= 0 ? op.backgroundClass : nil, isLogit: op.scoreActivation,
      ordersByLogit: true)
    let kind = DetectionNMSKernel.Kind.places(
      perPlace: perPlace, isCentred: op.centerCoding,
      anchors: anchors.map { $0.shape[0] == 1 ? .shared : .ofEachPicture } ?? .none)
    var nms = DetectionNMSKernel(
      scores, kind: kind, element: element, overlap: op.iouThreshold, most: op.maxOutputBoxes)
    nms.isInclusive = true
    nms.takesAnyCorners = true
    nms.isClassAgnostic = op.classAgnostic
    nms.mostOfClass = op.maxOutputBoxesPerClass < 0 ? nil : op.maxOutputBoxesPerClass
    nms.clampsResults = op.clipBoxes
    nms.writesIntegerClasses = true
    if let reason = nms.refusal(context.properties) { throw node.refusal(reason) }
    var operands: [String: CUDAProgram.Operand] = [
      "scores": .input(1), "deltas0": .input(0), "lists": .temporary(0), "outCounts": .output(0),
      "outBoxes": .output(1), "outScores": .output(2), "outClasses": .output(3),
    ]
    if anchors != nil { operands["deltas1"] = .input(2) }
    return [
      .detection(
        "decode and suppress", scores, ["scores0": .input(1)],
        then: [.init(spec: nms.spec(), operands: operands)])
    ]
  }
}
