import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Suppresses boxes of each class of each picture, a block each, and joins their rows.
public struct PaddedSuppressionGroups: CUDATactic {
  public let name = "cuda.padded_suppression"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [PaddedSuppression.self] }

  public func supports(_ node: TacticNode) -> Support {
    guard let dtype = node.dtype, KernelElement(dtype) != nil, node.input(1)?.dtype == dtype else {
      return .no("element type")
    }
    if node.isPresent(2), ![.i32, .i64].contains(node.input(2)?.dtype) { return .no("type of classes") }
    guard node.outputs.count == 2, node.outputs.allSatisfy({ $0 != nil }) else {
      return .no("an output is left out")
    }
    return .yes([.all(.rowMajor, node)])
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let op = node.op as? PaddedSuppression else { throw node.missing("fields") }
    let input = try node.input(1)
    let groups = input.shape.dropLast().reduce(1, *)
    guard let element = KernelElement(input.dtype), let count = input.shape.last, groups * count > 0 else {
      throw node.refusal("element type, or no boxes")
    }
    let classes = input.shape.count == 3 ? input.shape[1] : 1
    guard try node.input(0).elementCount == groups / max(1, classes) * count * 4 else {
      throw node.refusal("boxes and scores do not fit")
    }
    let most = min(op.most, count)
    var scores = DetectionScores(
      element, pictures: groups, segments: [.init(count)], classes: 1, threshold: op.threshold,
      target: min(count, 2048))
    scores.takesAll = op.takesAll
    let labels = node.isPresent(2) ? try node.input(2).dtype.bitWidth / 8 : nil
    let kind = DetectionNMSKernel.Kind.groups(
      ofPicture: classes, isCentred: op.takesMiddles, labelBytes: labels)
    var nms = DetectionNMSKernel(scores, kind: kind, element: element, overlap: op.overlap, most: most)
    nms.takesAnyCorners = input.shape.count == 3 && !op.takesMiddles
    nms.writesIntegerClasses = true
    if let reason = nms.refusal(context.properties) { throw node.refusal(reason) }
    let rows = DetectionRowsKernel(
      groups: groups, ofPicture: input.shape.count == 3 ? classes : nil, most: most)
    let counts = (scores.listBytes + 255) / 256 * 256
    let places = counts + (4 * groups + 255) / 256 * 256
    var operands: [String: CUDAProgram.Operand] = [
      "scores": .input(1), "deltas0": .input(0), "lists": .temporary(0), "outCounts": .temporary(counts),
      "outClasses": .temporary(places),
    ]
    if labels != nil { operands["deltas1"] = .input(2) }
    var program = CUDAProgram.detection(
      "suppress groups", scores, ["scores0": .input(1)],
      then: [
        .init(spec: nms.spec(), operands: operands),
        .init(
          spec: rows.spec(),
          operands: [
            "counts": .temporary(counts), "places": .temporary(places), "rows": .output(0),
            "total": .output(1),
          ]),
      ])
    program.temporaryBytes = places + 4 * groups * most
    return [program]
  }
}
