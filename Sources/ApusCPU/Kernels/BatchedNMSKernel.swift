import ApusCore
public import ApusEngine
public import ApusOperators
import CApusKernels

/// Suppresses boxes class by class and keeps the best of a picture, in FP32.
public struct BatchedNMSKernel: CPUKernel {
  public static let kind = "cpu.batched_nms"
  private let op: BatchedNMS

  public init(_ parameters: BatchedNMS, constants: [UnsafeRawBufferPointer]) { op = parameters }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let (boxes, scores) = (try context.input(0).shape, try context.input(1).shape)
    let sharing = op.shareLocation ? 1 : scores[2]
    guard boxes == [scores[0], scores[1], sharing, 4] else {
      throw ApusError(
        .invalidInput,
        Problem(
          .shapeMismatch, "boxes \(boxes) do not fit scores \(scores)", operator: BatchedNMS.name))
    }
    var native = apus_batched_nms()
    (native.batch, native.places, native.classes) = (scores[0], scores[1], scores[2])
    native.boxes_per_place = sharing
    (native.most_candidates, native.most) = (op.topK, op.keepTopK)
    (native.score_threshold, native.iou_threshold) = (op.scoreThreshold, op.iouThreshold)
    native.background = op.backgroundLabel
    native.extra = op.isNormalized ? 0 : 1
    native.clamp = op.isNormalized && op.clipBoxes
    let bytes = apus_batched_nms_workspace_bytes(&native, Int32(context.threads))
    return PreparedKernel(scratchBytes: bytes) { [native] frame in
      withUnsafePointer(to: native) {
        apus_batched_nms_run(
          $0, frame.floats(0), frame.floats(1), frame.integerOutput(0), frame.floatOutput(1),
          frame.floatOutput(2), frame.floatOutput(3), frame.scratch, frame.pool)
      }
    }
  }
}
