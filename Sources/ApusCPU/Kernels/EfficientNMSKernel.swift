import ApusCore
public import ApusEngine
public import ApusOperators
import CApusKernels

/// Decodes, filters and suppresses boxes of a batch, in FP32.
public struct EfficientNMSKernel: CPUKernel {
  public static let kind = "cpu.efficient_nms"
  private let op: EfficientNMS

  public init(_ parameters: EfficientNMS, constants: [UnsafeRawBufferPointer]) { op = parameters }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let (boxes, scores) = (try context.input(0).shape, try context.input(1).shape)
    let anchors = context.inputs.count > 2 ? context.inputs[2]?.shape : nil
    let sharing = boxes.count == 4 ? boxes[2] : 1
    guard boxes[0] == scores[0], boxes[1] == scores[1], boxes.last == 4, [1, scores[2]].contains(sharing),
      anchors.map({ [1, scores[0]].contains($0[0]) && $0[1...] == [scores[1], 4] }) ?? true
    else {
      throw ApusError(
        .invalidInput,
        Problem(
          .shapeMismatch, "boxes \(boxes), scores \(scores) and anchors do not fit",
          operator: EfficientNMS.name))
    }
    var native = apus_efficient_nms()
    (native.batch, native.places, native.classes) = (scores[0], scores[1], scores[2])
    native.boxes_per_place = sharing
    native.shared_anchors = anchors?[0] == 1
    native.most = op.maxOutputBoxes
    native.most_of_class = op.maxOutputBoxesPerClass < 0 ? .max : op.maxOutputBoxesPerClass
    (native.score_threshold, native.iou_threshold) = (op.scoreThreshold, op.iouThreshold)
    native.background = op.backgroundClass
    (native.logits, native.class_agnostic) = (op.scoreActivation, op.classAgnostic)
    (native.centers, native.clamp) = (op.centerCoding, op.clipBoxes)
    let bytes = apus_efficient_nms_workspace_bytes(&native, Int32(context.threads))
    return PreparedKernel(scratchBytes: bytes) { [native] frame in
      withUnsafePointer(to: native) {
        apus_efficient_nms_run(
          $0, frame.floats(0), frame.floats(1), anchors == nil ? nil : frame.floats(2),
          frame.integerOutput(0), frame.floatOutput(1), frame.floatOutput(2), frame.integerOutput(3),
          frame.scratch, frame.pool)
      }
    }
  }
}
