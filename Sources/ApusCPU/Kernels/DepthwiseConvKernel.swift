public import ApusCore
public import ApusEngine
public import ApusOperators
import CApusKernels

/// Convolution of each channel with a filter of its own, on channels-last tensors.
///
/// Constants: packed weights, then the FP32 bias when there is one. Input 3 is the residual.
public struct DepthwiseConvKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public var conv: Conv
    /// `[C, 1, k…]` with one or two spatial axes.
    public var weightShape: [Int]
    public var hasBias: Bool

    public init(conv: Conv, weightShape: [Int], hasBias: Bool) {
      self.conv = conv
      self.weightShape = weightShape
      self.hasBias = hasBias
    }

    /// FP32 weights in the kernel's order.
    public func pack(_ weights: [Float]) -> Tensor {
      var native = apus_depthwise()
      native.channels = weightShape[0]
      native.kernel = spatialPair(Array(weightShape[2...]), 1)
      return Tensor(.u8, [apus_depthwise_packed_bytes(&native)]) { target in
        guard let base = target.baseAddress else { return }
        apus_depthwise_pack(&native, weights, base.assumingMemoryBound(to: Float.self))
      }
    }
  }

  public static let kind = "cpu.conv.depthwise"
  private let parameters: Parameters
  private let packed: ConstantBytes
  private let bias: ConstantBytes

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) throws {
    self.parameters = parameters
    packed = ConstantBytes(constants.first)
    bias = ConstantBytes(parameters.hasBias ? constants.last : nil)
    try parameters.check(packed)
  }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let native = try parameters.native(try context.input(0), try context.output(0))
    var epilogue = EpilogueParameters(activation: parameters.conv.activation).native()
    epilogue.bias = bias.base?.assumingMemoryBound(to: Float.self)
    let hasResidual = context.inputs.count > 3 && context.inputs[3] != nil
    let weights = packed.base?.assumingMemoryBound(to: Float.self)
    return PreparedKernel { [native, epilogue] frame in
      var epilogue = epilogue
      if hasResidual { epilogue.residual = frame.input(3) }
      withUnsafePointer(to: native) {
        apus_depthwise_nhwc(
          $0, frame.input(0), weights, &epilogue, frame.output(0), nil, frame.scratch, frame.pool)
      }
    }
  }
}

extension DepthwiseConvKernel.Parameters {
  /// Refuses packed weights that are too short.
  func check(_ packed: ConstantBytes) throws {
    let taps = weightShape.dropFirst(2).reduce(1, *)
    guard (3...4).contains(weightShape.count), packed.byteCount >= (weightShape[0] + 15) / 16 * 64 * taps
    else {
      throw ApusError(
        .invalidModel, Problem(.engineDamaged, "a depthwise convolution's weights do not fit its sizes"))
    }
  }

  /// The C description.
  func native(_ input: TensorDescriptor, _ output: TensorDescriptor) throws -> apus_depthwise {
    let geometry = try conv.geometry(input.shape, weightShape)
    var native = apus_depthwise()
    native.batch = geometry.batch
    native.channels = geometry.groups
    native.in = spatialPair(geometry.input, 1)
    native.out = spatialPair(geometry.output, 1)
    native.kernel = spatialPair(geometry.kernel, 1)
    native.stride = spatialPair(geometry.strides, 1)
    native.dilation = spatialPair(geometry.dilations, 1)
    native.pad = spatialPair(geometry.begins, 0)
    native.in_type = input.dtype.native
    native.out_type = output.dtype.native
    return native
  }
}
