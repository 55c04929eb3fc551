public import ApusCore
public import ApusEngine
public import ApusOperators
import CApusKernels

/// Convolution on channels-last tensors by implicit matrix products; weights are packed into the engine.
///
/// Constants: packed weights, then the FP32 bias when there is one. Input 3 is the residual, input 4 the FP32 gate.
public struct ConvKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public var conv: Conv
    public var weightShape: [Int]
    /// Element type of products and packed weights.
    public var type: DType
    public var hasBias: Bool
    /// Whether input channels are multiplied by a gate first.
    public var isGated: Bool
    /// What FP32 products are made of.
    public var parts: BF16Parts

    public init(
      conv: Conv, weightShape: [Int], type: DType, hasBias: Bool, isGated: Bool = false,
      parts: BF16Parts = .none
    ) {
      self.conv = conv
      self.weightShape = weightShape
      self.type = type
      self.hasBias = hasBias
      self.isGated = isGated
      self.parts = parts
    }
  }

  public static let kind = "cpu.conv"
  private let parameters: Parameters
  private let packed: ConstantBytes
  private let bias: ConstantBytes

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) throws {
    self.parameters = parameters
    packed = ConstantBytes(constants.first)
    bias = ConstantBytes(parameters.hasBias ? constants.last : nil)
    var native = try parameters.native(
      input: nil, channelsFirst: false, inType: parameters.type, outType: parameters.type)
    guard apus_conv_valid(&native), packed.byteCount >= apus_conv_packed_bytes(&native) else {
      throw ApusError(
        .invalidModel, Problem(.engineDamaged, "a convolution's packed weights do not fit its sizes"))
    }
  }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let (input, output) = (try context.input(0), try context.output(0))
    var native = try parameters.native(
      input: input.shape, channelsFirst: !input.isChannelsLast, inType: input.dtype, outType: output.dtype
    )
    var epilogue = EpilogueParameters(activation: parameters.conv.activation).native()
    epilogue.bias = bias.base?.assumingMemoryBound(to: Float.self)
    let packed = packed
    let hasResidual = context.inputs.count > 3 && context.inputs[3] != nil
    let scratch = apus_conv_workspace_bytes(&native, Int32(context.threads))
    let conv = native
    return PreparedKernel(scratchBytes: scratch) { [epilogue] frame in
      var epilogue = epilogue
      if hasResidual { epilogue.residual = frame.input(3) }
      let gate = conv.gated ? frame.input(GatedConv.gate)?.assumingMemoryBound(to: Float.self) : nil
      withUnsafePointer(to: conv) {
        apus_conv_nhwc(
          $0, frame.input(0), packed.base, gate, &epilogue, frame.output(0), frame.scratch, frame.pool)
      }
    }
  }
}

extension ConvKernel.Parameters {
  /// FP32 weights in the kernel's order.
  public func pack(_ weights: [Float]) throws -> Tensor {
    var native = try native(input: nil, channelsFirst: false, inType: type, outType: type)
    return Tensor(.u8, [apus_conv_packed_bytes(&native)]) { target in
      apus_conv_pack(&native, weights, target.baseAddress)
    }
  }

  /// The C description; without an input shape, only what packing looks at is set.
  func native(input: [Int]?, channelsFirst: Bool, inType: DType, outType: DType) throws -> apus_conv {
    let shape = input ?? [1, weightShape[1] * conv.group] + weightShape[2...].map { max(1, $0) * 8 }
    let geometry = try conv.geometry(shape, weightShape)
    var native = apus_conv()
    native.batch = geometry.batch
    native.groups = geometry.groups
    native.in_channels = geometry.inChannels * geometry.groups
    native.out_channels = geometry.outChannels * geometry.groups
    native.in = spatialTriple(geometry.input, 1)
    native.out = spatialTriple(geometry.output, 1)
    native.kernel = spatialTriple(geometry.kernel, 1)
    native.stride = spatialTriple(geometry.strides, 1)
    native.dilation = spatialTriple(geometry.dilations, 1)
    native.pad = spatialTriple(geometry.begins, 0)
    native.type = type.native
    native.in_type = inType.native
    native.out_type = outType.native
    native.in_channels_first = channelsFirst
    native.gated = isGated
    native.parts = parts.rawValue
    return native
  }
}
