public import ApusCore
public import ApusEngine
public import ApusOperators
import CApusKernels

/// 3x3 convolution of stride 1 on channels-last FP32 tensors by Winograd's F(2x2, 3x3); weights are transformed and
/// packed into the engine.
///
/// Constants: packed weights, then the FP32 bias when there is one. Input 3 is the residual.
public struct WinogradConvKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public var conv: Conv
    public var weightShape: [Int]
    public var hasBias: Bool

    public init(conv: Conv, weightShape: [Int], hasBias: Bool) {
      self.conv = conv
      self.weightShape = weightShape
      self.hasBias = hasBias
    }
  }

  public static let kind = "cpu.conv.winograd"
  private let parameters: Parameters
  private let packed: ConstantBytes
  private let bias: ConstantBytes

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) throws {
    self.parameters = parameters
    packed = ConstantBytes(constants.first)
    bias = ConstantBytes(parameters.hasBias ? constants.last : nil)
    var native = try parameters.native(input: nil)
    guard apus_winograd_valid(&native), packed.byteCount >= apus_winograd_packed_bytes(&native) else {
      throw ApusError(
        .invalidModel, Problem(.engineDamaged, "a convolution's packed weights do not fit its sizes"))
    }
  }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    var native = try parameters.native(input: try context.input(0).shape)
    var epilogue = EpilogueParameters(activation: parameters.conv.activation).native()
    epilogue.bias = bias.base?.assumingMemoryBound(to: Float.self)
    let packed = packed.base?.assumingMemoryBound(to: Float.self)
    let hasResidual = context.inputs.count > 3 && context.inputs[3] != nil
    let scratch = apus_winograd_workspace_bytes(&native, Int32(context.threads))
    let conv = native
    return PreparedKernel(scratchBytes: scratch) { [epilogue] frame in
      var epilogue = epilogue
      if hasResidual { epilogue.residual = frame.input(3) }
      withUnsafePointer(to: conv) {
        apus_winograd_nhwc(
          $0, frame.input(0)?.assumingMemoryBound(to: Float.self), packed, &epilogue,
          frame.output(0)?.assumingMemoryBound(to: Float.self), frame.scratch, frame.pool)
      }
    }
  }
}

extension WinogradConvKernel.Parameters {
  /// FP32 weights in the kernel's form.
  public func pack(_ weights: [Float]) throws -> Tensor {
    var native = try native(input: nil)
    return Tensor(.u8, [apus_winograd_packed_bytes(&native)]) { target in
      apus_winograd_pack(&native, weights, target.baseAddress?.assumingMemoryBound(to: Float.self))
    }
  }

  /// The C description; without an input shape, only what packing looks at is set.
  func native(input: [Int]?) throws -> apus_winograd {
    guard weightShape.count == 4 else {
      throw ApusError(.invalidModel, Problem(.engineDamaged, "a convolution's weights have no four axes"))
    }
    let geometry = try conv.geometry(input ?? [1, weightShape[1], 8, 8], weightShape)
    var native = apus_winograd()
    native.batch = geometry.batch
    native.in_channels = geometry.inChannels
    native.out_channels = geometry.outChannels
    native.in = (geometry.input[0], geometry.input[1])
    native.out = (geometry.output[0], geometry.output[1])
    native.pad = (geometry.begins[0], geometry.begins[1])
    return native
  }
}
