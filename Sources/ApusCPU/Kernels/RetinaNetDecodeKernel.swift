import ApusCore
public import ApusEngine
public import ApusOperators
import CApusKernels

/// Decodes one pyramid level of a RetinaNet, in FP32.
public struct RetinaNetDecodeKernel: CPUKernel {
  public static let kind = "cpu.retinanet_decode"
  private let op: RetinaNetDecode

  public init(_ parameters: RetinaNetDecode, constants: [UnsafeRawBufferPointer]) { op = parameters }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let shape = try context.input(0).shape
    var native = apus_retinanet_decode()
    native.batch = shape[0]
    native.anchors = op.anchorCount
    native.classes = shape[1] / op.anchorCount
    (native.height, native.width) = (shape[2], shape[3])
    native.most = op.topkCandidates
    native.threshold = op.scoreThreshold
    (native.stride_y, native.stride_x) = (op.stride[0], op.stride[1])
    let limits = op.limits(height: shape[2], width: shape[3])
    (native.limit_x, native.limit_y) = (Float(limits.x), Float(limits.y))
    native.extra = op.legacyPlusOne ? 1 : 0
    native.clip = op.deltaClip > 0 ? op.deltaClip : .infinity
    let bytes = apus_retinanet_decode_workspace_bytes(&native, Int32(context.threads))
    return PreparedKernel(scratchBytes: bytes) { [native, anchors = op.anchors] frame in
      withUnsafePointer(to: native) {
        apus_retinanet_decode_run(
          $0, frame.floats(0), frame.floats(1), anchors, frame.floatOutput(0), frame.floatOutput(1),
          frame.floatOutput(2), frame.scratch, frame.pool)
      }
    }
  }
}

extension KernelFrame {
  func floats(_ index: Int) -> UnsafePointer<Float>? { input(index)?.assumingMemoryBound(to: Float.self) }
  func floatOutput(_ index: Int) -> UnsafeMutablePointer<Float>? {
    output(index)?.assumingMemoryBound(to: Float.self)
  }
  func integerOutput(_ index: Int) -> UnsafeMutablePointer<Int32>? {
    output(index)?.assumingMemoryBound(to: Int32.self)
  }
}
