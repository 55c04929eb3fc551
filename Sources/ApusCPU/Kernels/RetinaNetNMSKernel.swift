import ApusCore
public import ApusEngine
public import ApusOperators
import CApusKernels

/// Suppresses overlapping boxes of a class, in FP32.
public struct RetinaNetNMSKernel: CPUKernel {
  public static let kind = "cpu.retinanet_nms"
  private let op: RetinaNetNMS

  public init(_ parameters: RetinaNetNMS, constants: [UnsafeRawBufferPointer]) { op = parameters }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let shape = try context.input(0).shape
    var native = apus_retinanet_nms()
    native.batch = shape[0]
    native.candidates = shape[1...].reduce(1, *)
    native.most = op.maxDetections
    native.threshold = op.threshold
    native.extra = op.legacyPlusOne ? 1 : 0
    guard try context.input(1).elementCount == native.batch * native.candidates * 4,
      try context.input(2).elementCount == native.batch * native.candidates
    else {
      throw ApusError(
        .invalidInput,
        Problem(.shapeMismatch, "scores, boxes and classes differ in number", operator: RetinaNetNMS.name))
    }
    let bytes = apus_retinanet_nms_workspace_bytes(&native, Int32(context.threads))
    let counts = context.outputs.count > 3
    return PreparedKernel(scratchBytes: bytes) { [native] frame in
      withUnsafePointer(to: native) {
        apus_retinanet_nms_run(
          $0, frame.floats(0), frame.floats(1), frame.floats(2), frame.floatOutput(0), frame.floatOutput(1),
          frame.floatOutput(2), counts ? frame.integerOutput(3) : nil, frame.scratch, frame.pool)
      }
    }
  }
}
