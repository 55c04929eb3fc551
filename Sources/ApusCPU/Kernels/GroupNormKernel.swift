import ApusCore
public import ApusEngine
import CApusKernels

/// Normalizes groups of channels of each batch element, on channels-last tensors.
///
/// Constants: FP32 scale, then shift, one element a channel.
public struct GroupNormKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public var groups: Int
    public var epsilon: Double

    public init(groups: Int, epsilon: Double) {
      self.groups = groups
      self.epsilon = epsilon
    }
  }

  public static let kind = "cpu.group-norm"
  private let parameters: Parameters
  private let scale: ConstantBytes
  private let shift: ConstantBytes

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) {
    self.parameters = parameters
    scale = ConstantBytes(constants.first)
    shift = ConstantBytes(constants.last)
  }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let (input, output) = (try context.input(0), try context.output(0))
    var native = apus_group_norm()
    native.batch = input.shape[0]
    native.channels = input.shape[1]
    native.pixels = input.shape.dropFirst(2).reduce(1, *)
    native.groups = parameters.groups
    native.epsilon = Float(parameters.epsilon)
    native.activation = APUS_ACT_NONE
    native.in_type = input.dtype.native
    native.out_type = output.dtype.native
    guard parameters.groups > 0, native.channels % parameters.groups == 0,
      scale.byteCount >= native.channels * 4, shift.byteCount >= native.channels * 4
    else {
      throw ApusError(
        .invalidModel, Problem(.engineDamaged, "a normalization's scale does not fit its channels"))
    }
    let factors = scale.base?.assumingMemoryBound(to: Float.self)
    let addends = shift.base?.assumingMemoryBound(to: Float.self)
    let scratch = apus_group_norm_workspace_bytes(&native)
    return PreparedKernel(scratchBytes: scratch) { [native] frame in
      withUnsafePointer(to: native) {
        apus_group_norm_nhwc(
          $0, frame.input(0), factors, addends, frame.output(0), frame.scratch, frame.pool)
      }
    }
  }
}
